package importer

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/gofrs/flock"
)

// begin is the first line of a journal: what it is a journal of.
type begin struct {
	Into    string `json:"into"`
	Server  string `json:"server"`
	Account string `json:"account"`
}

// entry is another line of a journal. It has Sending before a record is sent, and Outcome when that
// is known.
type entry struct {
	Line    int    `json:"line"`
	Sending string `json:"sending,omitzero"` // the hash of what is sent
	Outcome string `json:"outcome,omitzero"` // as api.Outcome prints it
	By      string `json:"by,omitzero"`      // "lookup", if it was found out later
	ID      string `json:"id,omitzero"`
	Code    string `json:"code,omitzero"`
	Message string `json:"message,omitzero"`
}

// journal is an append-only file of JSON lines. What is written survives the end of the process. An
// entry with Sending is on disk when add returns, so that it survives a crash of the machine too.
type journal struct {
	file *os.File
	lock *flock.Flock

	mu      sync.Mutex
	err     error // of the first write that failed: its line may be incomplete
	written int

	disk   sync.Mutex // one fsync is for all who wait
	synced int
}

// createJournal starts a journal, which must not exist.
func createJournal(name string, first begin) (*journal, error) {
	return openJournal(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, func(j *journal) error {
		err := j.begin(first)
		if directory, openErr := os.Open(filepath.Dir(name)); openErr == nil {
			_ = directory.Sync() // not every system has it
			_ = directory.Close()
		}
		return err
	})
}

// resumeJournal opens a journal, which must be of the same import, and returns what it says of each
// line.
func resumeJournal(name string, first begin) (*journal, *states, error) {
	var known *states
	j, err := openJournal(name, os.O_RDWR, func(j *journal) error {
		var err error
		known, err = j.load(first)
		return err
	})
	return j, known, err
}

func openJournal(name string, flags int, prepare func(*journal) error) (*journal, error) {
	lock := flock.New(name + ".lock") // Windows could not read a journal that is locked itself
	isLocked, err := lock.TryLock()
	if err != nil {
		return nil, err
	}
	if !isLocked {
		return nil, fmt.Errorf("another import has %s", name)
	}
	j := &journal{lock: lock}
	if j.file, err = os.OpenFile(name, flags, 0o600); err == nil {
		err = prepare(j)
	}
	if err != nil {
		j.close()
		return nil, err
	}
	return j, nil
}

func (j *journal) close() {
	if j.file != nil {
		_ = j.file.Close()
	}
	_ = os.Remove(j.lock.Path())
	_ = j.lock.Close()
}

// add appends an entry.
func (j *journal) add(e entry) error {
	if err := j.write(e); err != nil {
		return err
	}
	if e.Sending == "" {
		return nil
	}
	return j.sync()
}

// write writes a line. After a failure it writes nothing more: an incomplete line is the last one.
func (j *journal) write(line any) error {
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err == nil {
		_, j.err = j.file.Write(append(text, '\n'))
		j.written++
	}
	return j.err
}

// sync returns when all that the caller wrote is on disk.
func (j *journal) sync() error {
	j.mu.Lock()
	own := j.written
	j.mu.Unlock()
	j.disk.Lock()
	defer j.disk.Unlock()
	if j.synced >= own {
		return nil
	}
	j.mu.Lock()
	all := j.written
	j.mu.Unlock()
	if err := j.file.Sync(); err != nil {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.err = errors.Join(j.err, err)
		return err
	}
	j.synced = all
	return nil
}

// load reads a journal from its start. A process or machine that stopped may have left incomplete
// lines at its end. These are removed: none is of a record that was sent, because such a line was
// complete on disk before.
func (j *journal) load(first begin) (*states, error) {
	known, err := newStates()
	if err != nil {
		return nil, err
	}
	end, err := j.read(first, known)
	if err == nil {
		err = j.file.Truncate(end)
	}
	if err == nil {
		_, err = j.file.Seek(end, io.SeekStart)
	}
	if err == nil && end == 0 { // the process ended before it wrote the first line
		err = j.begin(first)
	}
	if err != nil {
		known.close()
		return nil, fmt.Errorf("%s: %w", j.file.Name(), err)
	}
	return known, nil
}

// read returns where the last complete line ends.
func (j *journal) read(first begin, known *states) (end int64, err error) {
	if _, err := j.file.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	reader := bufio.NewReader(j.file)
	isDamaged := false
	for number, at := 1, int64(0); ; number++ {
		line, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return end, nil
		}
		if err != nil {
			return 0, err
		}
		if number == 1 {
			err = sameImport(line, first)
		} else {
			err = known.apply(line, at)
		}
		at += int64(len(line))
		switch {
		case errors.As(err, new(damagedError)):
			isDamaged = true
		case err != nil:
			return 0, err
		case isDamaged:
			return 0, fmt.Errorf("a line before line %d is damaged", number)
		default:
			end = at
		}
	}
}

func (j *journal) begin(first begin) error { return errors.Join(j.write(first), j.sync()) }

// damagedError reports a line that is no entry.
type damagedError struct{ error }

func sameImport(line []byte, want begin) error {
	var got begin
	if err := json.Unmarshal(line, &got, json.RejectUnknownMembers(true)); err != nil {
		return fmt.Errorf("not a journal: %w", err)
	}
	if got != want {
		return fmt.Errorf("it is of an import into %s of account %s at %s, not into %s of account %s at %s",
			got.Into, got.Account, got.Server, want.Into, want.Account, want.Server)
	}
	return nil
}

// entryAt returns the entry at an offset of the file.
func (j *journal) entryAt(offset int64) (entry, error) {
	text, err := bufio.NewReader(io.NewSectionReader(j.file, offset, maxRecord)).ReadBytes('\n')
	if err != nil {
		return entry{}, err
	}
	var e entry
	return e, json.Unmarshal(bytes.TrimSpace(text), &e)
}
