//go:build unix

// Command service is a Go program whose memory behaves on demand: it holds,
// leaks, churns and returns memory when told to, and publishes what the Go
// runtime makes of it in the Prometheus format.
//
// It takes its orders over HTTP (service -addr 127.0.0.1:0) or from a script
// (service -do "hold 100MiB; wait 1s; free; scavenge; exit 0"). It obeys
// whoever reaches it, file names included, so keep it on the loopback.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// A chunk is 64 KiB of nothing but pointers, so that the garbage collector has
// to scan every byte of it: memory without pointers would be marked for free.
type chunk [64 << 10 / 8]*chunk

const chunkBytes = 64 << 10

// newChunk returns a chunk that keeps prev alive. The pointers to itself serve
// to touch the pages; without them the memory would not be resident.
func newChunk(prev *chunk) *chunk {
	c := new(chunk)
	for i := range c {
		c[i] = c
	}
	c[0] = prev
	return c
}

// pile is the memory held on purpose. A linked list, unlike a slice, costs
// nothing beyond its elements and leaves no garbage when it grows.
var pile struct {
	sync.Mutex
	top *chunk
}

func hold(bytes int64) {
	pile.Lock()
	defer pile.Unlock()
	for ; bytes > 0; bytes -= chunkBytes {
		pile.top = newChunk(pile.top)
	}
}

func free() {
	pile.Lock()
	defer pile.Unlock()
	pile.top = nil
}

// A pacer calls step so often that it accounts for a given number of bytes per
// second, each call counting for stepBytes.
type pacer struct {
	stepBytes int64
	step      func()

	mu   sync.Mutex
	stop func() // ends the activity and waits for it; nil if there is none
}

// set replaces the rate in force; 0 ends the activity.
func (p *pacer) set(bytesPerSecond int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stop != nil {
		p.stop()
		p.stop = nil
	}
	if bytesPerSecond == 0 {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	p.stop = func() { cancel(); <-done }
	go func() {
		defer close(done)
		p.run(ctx, bytesPerSecond)
	}()
}

func (p *pacer) run(ctx context.Context, bytesPerSecond int64) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	last, due := time.Now(), 0.0
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := time.Now()
		// A machine that cannot keep up must not gather a debt it then pays
		// off in one long burst.
		due += min(now.Sub(last).Seconds(), 1) * float64(bytesPerSecond)
		last = now
		for ; due >= float64(p.stepBytes) && ctx.Err() == nil; due -= float64(p.stepBytes) {
			p.step()
		}
	}
}

// garbage makes its allocations escape to the heap. Small objects, because
// that is what most programs' garbage consists of.
var garbage *[4 << 10]byte

var (
	leaker  = pacer{stepBytes: chunkBytes, step: func() { hold(chunkBytes) }}
	churner = pacer{stepBytes: 4 << 10, step: func() { garbage = new([4 << 10]byte) }}
)

// goroutines starts goroutines that never end. They wait for distinct channels
// nobody else knows, as leaked ones do.
func goroutines(n int64) {
	for range n {
		go func() { <-make(chan struct{}) }()
	}
}

// file writes a file and reads it back, and leaves it there: deleting it would
// empty the page cache this is meant to fill.
func file(path string, bytes int64) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	buf := make([]byte, 1<<20)
	for left := bytes; left > 0; left -= int64(len(buf)) {
		if _, err := f.Write(buf[:min(left, int64(len(buf)))]); err != nil {
			return err
		}
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, f)
	return err
}

// mapMemory takes memory past the Go runtime, as C libraries do: it counts for
// the process, and for its limit, but in none of the runtime's figures.
// It stays for good: no collector frees a mapping nobody refers to.
func mapMemory(bytes int64) error {
	m, err := syscall.Mmap(-1, 0, int(bytes), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return fmt.Errorf("mmap: %w", err)
	}
	for i := 0; i < len(m); i += os.Getpagesize() {
		m[i] = 1
	}
	return nil
}

// An action is a verb common to HTTP and scripts. Params names its parameters:
// those of the query, or the words after the verb in that order.
type action struct {
	params []string
	run    func(args []string) error
}

// sized makes an action of a function of one number, which may have a unit.
func sized(param string, f func(int64)) action {
	return action{[]string{param}, func(args []string) error {
		n, err := parseSize(args[0])
		if err == nil {
			f(n)
		}
		return err
	}}
}

func plain(f func()) action {
	return action{nil, func([]string) error { f(); return nil }}
}

var actions = map[string]action{
	"hold":       sized("bytes", hold),
	"free":       plain(free),
	"leak":       sized("rate", leaker.set),
	"churn":      sized("rate", churner.set),
	"goroutines": sized("n", goroutines),
	"gc":         plain(runtime.GC),
	"scavenge":   plain(debug.FreeOSMemory),
	"map": {[]string{"bytes"}, func(args []string) error {
		n, err := parseSize(args[0])
		if err != nil {
			return err
		}
		return mapMemory(n)
	}},
	"file": {[]string{"path", "bytes"}, func(args []string) error {
		n, err := parseSize(args[1])
		if err != nil {
			return err
		}
		return file(args[0], n)
	}},
}

// parseSize reads a whole number, with or without a unit (100, 64KiB, 5MiB/s).
func parseSize(s string) (int64, error) {
	number, shift := strings.TrimSuffix(s, "/s"), 0
	// "B" comes last because every other unit ends in it.
	for _, u := range []struct {
		suffix string
		shift  int
	}{{"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"B", 0}} {
		if rest, ok := strings.CutSuffix(number, u.suffix); ok {
			number, shift = rest, u.shift
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || n<<shift>>shift != n {
		return 0, fmt.Errorf("%q is not a size: want a number, then B, KiB, MiB, GiB or nothing", s)
	}
	return n << shift, nil
}

// splitScript cuts a script at its semicolons, save those within brackets:
// they belong to the script of a child process.
func splitScript(script string) ([]string, error) {
	var steps []string
	depth, start := 0, 0
	for i, r := range script + ";" {
		switch {
		case r == '[':
			depth++
		case r == ']':
			depth--
		case r == ';' && depth == 0:
			if step := strings.TrimSpace(script[start:i]); step != "" {
				steps = append(steps, step)
			}
			start = i + 1
		}
		if depth < 0 {
			return nil, fmt.Errorf("script: ']' without '[' in %q", script)
		}
	}
	if depth > 0 {
		return nil, fmt.Errorf("script: '[' without ']' in %q", script)
	}
	return steps, nil
}

// A script is a run of -do and the child processes it has started.
type script struct {
	ctx      context.Context
	children []*exec.Cmd
}

// errExit ends a script early, leaving its children behind.
type errExit int

func (e errExit) Error() string { return fmt.Sprintf("exit %d", int(e)) }

// run obeys the script. At its end it waits for the children, one of which
// failing (say, to the out-of-memory killer) makes the script fail.
func (s *script) run(text string) error {
	steps, err := splitScript(text)
	if err != nil {
		return err
	}
	for _, step := range steps {
		if s.ctx.Err() != nil {
			break
		}
		if err := s.step(step); err != nil {
			return err
		}
	}
	var failed error
	for _, c := range s.children {
		if err := c.Wait(); err != nil && s.ctx.Err() == nil {
			failed = errors.Join(failed, fmt.Errorf("child %d: %w", c.Process.Pid, err))
		}
	}
	return failed
}

func (s *script) step(step string) error {
	if inner, ok := strings.CutPrefix(step, "spawn["); ok && strings.HasSuffix(inner, "]") {
		return s.spawn(strings.TrimSuffix(inner, "]"))
	}
	verb, rest, _ := strings.Cut(step, " ")
	rest = strings.TrimSpace(rest)
	switch verb {
	case "wait":
		d, err := time.ParseDuration(rest)
		if err != nil {
			return fmt.Errorf("%s: %w", step, err)
		}
		select {
		case <-time.After(d):
		case <-s.ctx.Done():
		}
		return nil
	case "print":
		_, err := fmt.Println(rest)
		return err
	case "exit":
		code, err := strconv.Atoi(rest)
		if err != nil {
			return fmt.Errorf("%s: want a number", step)
		}
		return errExit(code)
	}
	a, ok := actions[verb]
	if !ok {
		return fmt.Errorf("%s: no such verb", step)
	}
	args := strings.Fields(rest)
	if len(args) != len(a.params) {
		return fmt.Errorf("%s: want %d argument(s): %s", step, len(a.params), strings.Join(a.params, " "))
	}
	if err := a.run(args); err != nil {
		return fmt.Errorf("%s: %w", step, err)
	}
	return nil
}

// spawn starts this program anew, with a script of its own, and goes on.
func (s *script) spawn(text string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	c := exec.CommandContext(s.ctx, self, "-do", text)
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	if err := c.Start(); err != nil {
		return err
	}
	s.children = append(s.children, c)
	return nil
}

// handler serves the metrics and the actions; /stop calls stop.
func handler(stop context.CancelFunc) http.Handler {
	process := collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})
	done := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "service_actions_total",
		Help: "Actions carried out on request.",
	}, []string{"action"})

	full := prometheus.NewRegistry()
	full.MustRegister(process, collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(collectors.MetricsAll)))
	// The OpenMetrics page has a metric with an exemplar besides the usual
	// ones, for it is exemplars and _created lines that set the format apart.
	open := prometheus.NewRegistry()
	open.MustRegister(process, collectors.NewGoCollector(), done)

	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.Handler())
	mux.Handle("/metrics/runtime", promhttp.HandlerFor(full, promhttp.HandlerOpts{}))
	mux.Handle("/metrics/open", promhttp.HandlerFor(open, promhttp.HandlerOpts{
		EnableOpenMetrics:                   true,
		EnableOpenMetricsTextCreatedSamples: true,
	}))
	for name, a := range actions {
		mux.HandleFunc("/"+name, func(w http.ResponseWriter, r *http.Request) {
			args := make([]string, len(a.params))
			for i, p := range a.params {
				args[i] = r.FormValue(p)
			}
			if err := a.run(args); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			done.WithLabelValues(name).(prometheus.ExemplarAdder).AddWithExemplar(1, prometheus.Labels{"trace_id": strconv.FormatInt(time.Now().UnixNano(), 16)})
			fmt.Fprintln(w, "ok")
		})
	}
	mux.HandleFunc("/stop", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "stopping")
		stop()
	})
	return mux
}

// serve listens until ctx is done.
func serve(ctx context.Context, addr string) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: handler(stop), ReadHeaderTimeout: 10 * time.Second}
	closed := make(chan error, 1)
	go func() {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		closed <- srv.Shutdown(grace)
	}()
	fmt.Printf("listening on http://%s\n", l.Addr())
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-closed
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("service: ")
	addr := flag.String("addr", "127.0.0.1:0", "listen `address`")
	do := flag.String("do", "", "obey this `script` instead of listening")
	flag.Parse()
	if flag.NArg() > 0 {
		log.Fatalf("unexpected argument %q", flag.Arg(0))
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if *do != "" {
		err = (&script{ctx: ctx}).run(*do)
	} else {
		err = serve(ctx, *addr)
	}
	var exit errExit
	if errors.As(err, &exit) {
		os.Exit(int(exit))
	}
	if err != nil {
		log.Fatal(err)
	}
}
