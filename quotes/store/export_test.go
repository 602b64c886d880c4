package store

import "context"

// Exec runs one statement, for tests that make a database as others would.
func Exec(d *DB, statement string) error {
	_, err := d.write.Exec(statement)
	return err
}

// Pragma is a setting of the connection that writes.
func Pragma(d *DB, name string) (value string, err error) {
	err = d.write.QueryRow("PRAGMA " + name).Scan(&value)
	return value, err
}

// HoldWriter keeps the writer busy, as a slow disk does, until release is called.
func HoldWriter(d *DB) (release func()) {
	d.turn <- struct{}{}
	return func() { <-d.turn }
}

// HoldConnection keeps transactions from beginning until release is called.
func HoldConnection(d *DB) (release func() error, err error) {
	conn, err := d.write.Conn(context.Background())
	if err != nil {
		return nil, err
	}
	return conn.Close, nil
}

// Waiting is how many calls of Append wait.
func Waiting(d *DB) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.waiting)
}
