package importer

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// Files returns the names of the files with the records that were applied, that were not, and that
// may have been.
func (i *Import) Files() (appliedFile, notAppliedFile, unknownFile string) {
	extension := filepath.Ext(i.File)
	base := strings.TrimSuffix(i.File, extension)
	return base + ".applied" + extension, base + ".not-applied" + extension, base + ".unknown" + extension
}

// report writes the files, and returns how many records are in each.
func (r *run) report() (counts *Counts, err error) {
	known, err := r.journal.load(r.begin())
	if err != nil {
		return nil, err
	}
	r.known.close()
	r.known = known
	records, file, err := open(r.File, r.Target)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	counts = new(Counts)
	var outputs [applied + 1]*output
	var numbers [applied + 1]int
	appliedFile, notAppliedFile, unknownFile := r.Files()
	names := [...]string{notApplied: notAppliedFile, unknown: unknownFile, applied: appliedFile}
	for i, name := range names {
		if name == "" {
			continue
		}
		if outputs[i], err = newOutput(name, records.header()); err != nil {
			return nil, err
		}
		defer func() {
			if err = errors.Join(err, outputs[i].end(err == nil)); err != nil {
				counts = nil
			}
		}()
	}
	err = each(records, func(rec record) error {
		state, err := known.of(rec.line)
		numbers[state.outcome]++
		if err != nil || state.outcome == none {
			return err
		}
		n := note{Line: rec.line, Message: "the import ended before the response came"}
		if state.offset > 0 {
			e, err := r.journal.entryAt(state.offset)
			if err != nil {
				return err
			}
			n.ID, n.Code, n.Message = e.ID, e.Code, e.Message
		}
		text, err := records.withNote(rec, n)
		if err != nil {
			return err
		}
		_, err = outputs[state.outcome].WriteString(text)
		return err
	})
	if err != nil {
		return nil, err
	}
	*counts = Counts{
		Applied: numbers[applied], NotApplied: numbers[notApplied], Unknown: numbers[unknown], NotSent: numbers[none],
	}
	return counts, nil
}

// output is a file that appears when it is complete. Only its owner can read it.
type output struct {
	*bufio.Writer
	name string
	file *os.File
}

func newOutput(name, header string) (*output, error) {
	file, err := os.CreateTemp(filepath.Dir(name), ".sakari-import-*") // with mode 0600
	if err != nil {
		return nil, err
	}
	o := &output{Writer: bufio.NewWriter(file), name: name, file: file}
	_, _ = o.WriteString(header) // Flush returns the error
	return o, nil
}

func (o *output) end(isComplete bool) error {
	err := errors.Join(o.Flush(), o.file.Close())
	if isComplete && err == nil {
		err = os.Rename(o.file.Name(), o.name)
	}
	if !isComplete || err != nil {
		_ = os.Remove(o.file.Name())
	}
	return err
}
