//go:build linux

package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// cpuTime is the processor time, user and system, that the kernel has charged
// to all threads of a process, living and ended (clock_getcpuclockid(3)).
func cpuTime(pid int) (time.Duration, error) {
	const cpuClockSched = 2
	var ts syscall.Timespec
	clock := ^uintptr(pid)<<3 | cpuClockSched
	if _, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, uintptr(int32(clock)), uintptr(unsafe.Pointer(&ts)), 0); errno != 0 {
		return 0, fmt.Errorf("processor time of %d: %w", pid, errno)
	}
	return time.Duration(ts.Nano()), nil
}

// memory reads a figure of /proc/PID/status, as VmRSS or VmHWM, in bytes.
func memory(pid int, name string) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	n, err := field(string(text), name)
	if err != nil {
		return 0, fmt.Errorf("status of %d: %w", pid, err)
	}
	return n, nil
}

// forgetPeak makes VmHWM begin anew.
func forgetPeak(pid int) error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
}

// socketMemory is what the kernel holds for TCP in bytes: of the whole machine,
// and to a megabyte a core, which each keeps in reserve.
func socketMemory() (int64, error) {
	text, err := os.ReadFile("/proc/net/sockstat")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) > 2 && fields[0] == "TCP:" && fields[len(fields)-2] == "mem" {
			pages, err := strconv.ParseInt(fields[len(fields)-1], 10, 64)
			return pages * int64(os.Getpagesize()), err
		}
	}
	return 0, fmt.Errorf("no TCP line in /proc/net/sockstat")
}

// slab is what the kernel holds for its own objects, as sockets and open files,
// in bytes: of the whole machine.
func slab() (int64, error) {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, err
	}
	return field(string(text), "Slab")
}

// field reads a line "Name:   123 kB", in bytes.
func field(text, name string) (int64, error) {
	_, rest, ok := strings.Cut("\n"+text, "\n"+name+":")
	fields := strings.Fields(rest)
	if !ok || len(fields) < 2 {
		return 0, fmt.Errorf("no %s", name)
	}
	kb, err := strconv.ParseInt(fields[0], 10, 64)
	return kb << 10, err
}

// busyTime is how long a core has not been idle.
func busyTime(core int) (time.Duration, error) {
	const hz = 100 // of /proc/stat, whatever the kernel's
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	name := "cpu" + strconv.Itoa(core)
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 9 || fields[0] != name {
			continue
		}
		var ticks int64
		for i, field := range fields[1:9] {
			n, err := strconv.ParseInt(field, 10, 64)
			if err != nil {
				return 0, err
			}
			if i != 3 && i != 4 { // idle, iowait
				ticks += n
			}
		}
		return time.Duration(ticks) * time.Second / hz, nil
	}
	return 0, fmt.Errorf("no %s in /proc/stat", name)
}

// pin keeps a thread, 0 for the calling one, on a core.
func pin(tid, core int) error {
	var mask [16]uint64
	mask[core/64] = 1 << (core % 64)
	return setAffinity(tid, &mask)
}

func setAffinity(tid int, mask *[16]uint64) error {
	_, _, errno := syscall.RawSyscall(syscall.SYS_SCHED_SETAFFINITY, uintptr(tid), unsafe.Sizeof(*mask), uintptr(unsafe.Pointer(mask)))
	if errno != 0 {
		return fmt.Errorf("sched_setaffinity: %w", errno)
	}
	return nil
}

// eachThread calls do with the number of every thread of this program. Those to
// come inherit what it changes.
func eachThread(do func(tid int) error) error {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, task := range tasks {
		tid, err := strconv.Atoi(task.Name())
		if err != nil {
			return err
		}
		if err := do(tid); err != nil {
			return err
		}
	}
	return nil
}

// cores are those that this process may use.
func cores() ([]int, error) {
	var mask [16]uint64
	if _, _, errno := syscall.RawSyscall(syscall.SYS_SCHED_GETAFFINITY, 0, unsafe.Sizeof(mask), uintptr(unsafe.Pointer(&mask))); errno != 0 {
		return nil, fmt.Errorf("sched_getaffinity: %w", errno)
	}
	var list []int
	for core := range len(mask) * 64 {
		if mask[core/64]&(1<<(core%64)) != 0 {
			list = append(list, core)
		}
	}
	return list, nil
}

// read is read(2) without telling the scheduler: the descriptors do not block.
func read(fd int, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)))
	return int(n), errno
}

// kernel is its release.
func kernel() string {
	text, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(text))
}
