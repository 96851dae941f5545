package importer

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/go-json-experiment/json"

	"github.com/sakari-go/sakari-go/api"
)

// states has what a journal says of each line. It is a temporary file, so that memory does not grow
// with the journal.
type states struct {
	file  *os.File
	lines int // that were sent or refused
}

// state is what a journal says of a line.
type state struct {
	outcome outcome
	hash    [16]byte // of what was sent
	offset  int64    // of the entry with the outcome, 0 if there is none
}

const stateSize = 1 + 16 + 8 // bytes

// outcome is none for a line that was not sent. A line that was sent is unknown until its outcome
// is in the journal.
type outcome byte

const (
	none outcome = iota
	notApplied
	unknown
	applied
)

var outcomeOf = map[string]outcome{
	api.NotApplied.String(): notApplied,
	api.Unknown.String():    unknown,
	api.Applied.String():    applied,
}

func newStates() (*states, error) {
	file, err := os.CreateTemp("", "sakari-import-*")
	if err != nil {
		return nil, err
	}
	_ = os.Remove(file.Name()) // Windows can only remove it when it is closed
	return &states{file: file}, nil
}

func (s *states) close() {
	_ = s.file.Close()
	_ = os.Remove(s.file.Name())
}

// of returns the state of a line.
func (s *states) of(line int) (state, error) {
	var slot [stateSize]byte
	_, err := s.file.ReadAt(slot[:], int64(line)*stateSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return state{}, err
	}
	return state{
		outcome: outcome(slot[0]),
		hash:    [16]byte(slot[1:17]),
		offset:  int64(binary.LittleEndian.Uint64(slot[17:])),
	}, nil
}

func (s *states) set(line int, st state) error {
	slot := append([]byte{byte(st.outcome)}, st.hash[:]...)
	_, err := s.file.WriteAt(binary.LittleEndian.AppendUint64(slot, uint64(st.offset)), int64(line)*stateSize)
	return err
}

// apply adds an entry of a journal, which is at an offset.
func (s *states) apply(text []byte, offset int64) error {
	var e entry
	if err := json.Unmarshal(text, &e, json.RejectUnknownMembers(true)); err != nil {
		return damagedError{err}
	}
	if e.Line < 1 {
		return damagedError{fmt.Errorf("line %d: invalid", e.Line)}
	}
	known, err := s.of(e.Line)
	if err != nil {
		return err
	}
	if known.outcome == none {
		s.lines++
	}
	if e.Sending != "" {
		known = state{outcome: unknown}
		hash, err := hex.DecodeString(e.Sending)
		if err != nil || len(hash) != len(known.hash) {
			return damagedError{fmt.Errorf("line %d: invalid hash", e.Line)}
		}
		known.hash = [16]byte(hash)
		return s.set(e.Line, known)
	}
	known.outcome, known.offset = outcomeOf[e.Outcome], offset
	if known.outcome == none {
		return damagedError{fmt.Errorf("line %d: invalid outcome %q", e.Line, e.Outcome)}
	}
	return s.set(e.Line, known)
}

// hashOf returns the hash of a record's body, which the journal has instead of personal data.
func hashOf(body []byte) [16]byte {
	sum := sha256.Sum256(body)
	return [16]byte(sum[:])
}
