package watch

import (
	"os"
	"syscall"
	"unsafe"
)

// Window returns the size of the terminal that f is; not ok when it is none.
func Window(f *os.File) (columns, rows int, ok bool) {
	var size struct{ rows, columns, width, height uint16 }
	conn, err := f.SyscallConn()
	if err != nil {
		return 0, 0, false
	}
	var errno syscall.Errno
	err = conn.Control(func(fd uintptr) {
		_, _, errno = syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCGWINSZ, uintptr(unsafe.Pointer(&size))) //nolint:gosec // the call takes an address
	})
	return int(size.columns), int(size.rows), err == nil && errno == 0
}
