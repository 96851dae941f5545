package redact

import (
	"strings"
	"sync"
)

// ordinaryWords are words of error messages that are not personal by themselves. Usual names are
// not among them: an, do, may, will.
var ordinaryWords = sync.OnceValue(func() map[string]bool {
	words := make(map[string]bool)
	for w := range strings.FieldsSeq(`
		a about above accepted access account accounts active after again all allowed already
		and another any api are argument array as at attribute attributes authentication
		authorization authorized available bad be because been before being below between
		blocked body boolean but by cannot character characters client code column com company
		conflict connection contact contacts contain contains content could country create
		created credentials currency current data database date deal deals default delete
		deleted denied description detail details did different digit digits disabled does
		domain duplicate duplicated each either email empty enabled endpoint entity entry error
		errors exceed exceeded exceeds exist existing exists expected expired failed failure
		false field fields file filter first for forbidden format found from given greater group
		has have header host http https id identifier if ignored in inactive incorrect info
		input integer internal into invalid is it item items its json key label language last
		least length less limit line link list lists locked long longer mail maintenance
		malformed match matches maximum maybe member members message method minimum missing more most must name
		names new no none not null number numbers object of off on once one only operation
		optional or other out over parameter parameters parse password path pending permission
		permissions phone please processed properties property provided query range rate reached
		reason received record records reference refused rejected request requested requests
		required resource resources response result results retry same schema scope second
		seconds secret segment server service session should since size sms some source state
		status string success such supported syntax system tag tags telephone temporarily text
		than that the their them then there these they this ticket tickets time timeout token
		too true try type types unable unauthorized unavailable unexpected unique unknown
		unprocessable unsupported until update updated url use used user username users using
		valid validation value values was were when where which while with without wrong www yet
		you your zero`) {
		words[w] = true
	}
	return words
})
