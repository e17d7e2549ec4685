// The one meter for all tools: a server that notes when each request arrives, and resets the connection of every n-th
// where it is told to. An arrival is the kernel's own time of the packet: when the meter gets a processor to read it is
// no part of what is measured, and on two processors that is later by more than the lateness of whoever sends. Node
// cannot ask for these times, so this is written in the language that two of the peers are built from anyway.
//
// Orders come as lines on stdin: `begin <reset every>` and `end`. It prints `listening <port>` and, at each end, a
// ledger as a line of JSON. It ends with its stdin.
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

const (
	room      = 4_000_000
	backlog   = 4096
	stdin     = 0
	monotonic = 1 // CLOCK_MONOTONIC
)

var (
	keep    = []byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nok")
	closing = []byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nok")
	headEnd = []byte("\r\n\r\n")
	// Names of headers come in both cases.
	asksToClose = []byte("onnection: close")
	abortively  = syscall.Linger{Onoff: 1, Linger: 0}
)

// What is noted between `begin` and `end`. Nanoseconds of the wall clock, as the kernel gives them.
type ledger struct {
	arrivals   []int64
	requests   int
	resets     int
	resetEvery int
	began      time.Time
	cpuBefore  time.Duration
}

type meter struct {
	epoll    int
	listener int
	noted    ledger
	orders   string
	// The beginning of a request whose end has not arrived yet, by connection.
	pending map[int][]byte
	data    []byte
	control []byte
}

// Real time is asked for from outside, for the first thread of the process.
func init() { runtime.LockOSThread() }

func main() {
	// Some 60 bytes a request: they fit into memory for one run, and go before the next.
	debug.SetGCPercent(-1)
	epoll, err := syscall.EpollCreate1(0)
	check(err)
	m := &meter{epoll: epoll, pending: map[int][]byte{}, data: make([]byte, 64*1024), control: make([]byte, 128)}
	m.noted.arrivals = make([]int64, 0, room)
	m.listen()
	m.watch(stdin)
	events := make([]syscall.EpollEvent, 256)
	for {
		count, err := syscall.EpollWait(epoll, events, -1)
		if err == syscall.EINTR {
			continue
		}
		check(err)
		for _, event := range events[:count] {
			switch fd := int(event.Fd); fd {
			case stdin:
				m.obey()
			case m.listener:
				m.accept()
			default:
				m.read(fd)
			}
		}
	}
}

func (m *meter) listen() {
	listener, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK, 0)
	check(err)
	check(syscall.Bind(listener, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	// Connections take both after their listener.
	check(syscall.SetsockoptInt(listener, syscall.SOL_SOCKET, syscall.SO_TIMESTAMPNS, 1))
	check(syscall.SetsockoptInt(listener, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1))
	check(syscall.Listen(listener, backlog))
	address, err := syscall.Getsockname(listener)
	check(err)
	m.listener = listener
	m.watch(listener)
	fmt.Printf("listening %d\n", address.(*syscall.SockaddrInet4).Port)
}

func (m *meter) watch(fd int) {
	event := syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(fd)}
	check(syscall.EpollCtl(m.epoll, syscall.EPOLL_CTL_ADD, fd, &event))
}

func (m *meter) accept() {
	for {
		fd, _, err := syscall.Accept4(m.listener, syscall.SOCK_NONBLOCK)
		if err == syscall.EAGAIN || err == syscall.ECONNABORTED {
			return
		}
		check(err)
		m.watch(fd)
	}
}

func (m *meter) read(fd int) {
	count, controls, _, _, err := syscall.Recvmsg(fd, m.data, m.control, 0)
	if err == syscall.EAGAIN {
		return
	}
	if err != nil || count == 0 {
		m.forget(fd)
		return
	}
	arrived := arrivalIn(m.control[:controls])
	rest := m.data[:count]
	if before, there := m.pending[fd]; there {
		rest = append(before, rest...)
		delete(m.pending, fd)
	}
	for {
		end := bytes.Index(rest, headEnd)
		if end < 0 {
			if len(rest) > 0 {
				m.pending[fd] = bytes.Clone(rest)
			}
			return
		}
		if !m.answer(fd, rest[:end], arrived) {
			return
		}
		rest = rest[end+len(headEnd):]
	}
}

// Says whether the connection goes on.
func (m *meter) answer(fd int, head []byte, arrived int64) bool {
	noted := &m.noted
	noted.requests++
	if len(noted.arrivals) < room {
		noted.arrivals = append(noted.arrivals, arrived)
	}
	if noted.resetEvery > 0 && noted.requests%noted.resetEvery == 0 {
		noted.resets++
		check(syscall.SetsockoptLinger(fd, syscall.SOL_SOCKET, syscall.SO_LINGER, &abortively))
		m.forget(fd)
		return false
	}
	if !bytes.Contains(head, asksToClose) {
		_, err := syscall.Write(fd, keep)
		return err == nil
	}
	// The meter closes first, so that the port of whoever asks rests nowhere; the rest of the end is the other side's.
	if _, err := syscall.Write(fd, closing); err == nil {
		_ = syscall.Shutdown(fd, syscall.SHUT_WR)
	}
	return false
}

func (m *meter) forget(fd int) {
	delete(m.pending, fd)
	_ = syscall.Close(fd)
}

// When the kernel received the last packet of what was read.
func arrivalIn(control []byte) int64 {
	messages, err := syscall.ParseSocketControlMessage(control)
	check(err)
	for _, message := range messages {
		if message.Header.Level == syscall.SOL_SOCKET && message.Header.Type == syscall.SCM_TIMESTAMPNS {
			seconds := int64(binary.NativeEndian.Uint64(message.Data))
			return seconds*int64(time.Second) + int64(binary.NativeEndian.Uint64(message.Data[8:]))
		}
	}
	check(fmt.Errorf("the kernel gives no time of arrival"))
	return 0
}

func (m *meter) obey() {
	count, err := syscall.Read(stdin, m.data)
	if err != nil || count == 0 {
		os.Exit(0)
	}
	m.orders += string(m.data[:count])
	for {
		order, rest, whole := strings.Cut(m.orders, "\n")
		if !whole {
			return
		}
		m.orders = rest
		if number, begins := strings.CutPrefix(order, "begin "); begins {
			m.begin(number)
		} else {
			m.end()
		}
	}
}

func (m *meter) begin(number string) {
	resetEvery, err := strconv.Atoi(number)
	check(err)
	runtime.GC()
	m.noted = ledger{
		arrivals:   m.noted.arrivals[:0],
		resetEvery: resetEvery,
		began:      time.Now(),
		cpuBefore:  processorTime(),
	}
}

func (m *meter) end() {
	noted := &m.noted
	busy := float64(processorTime()-noted.cpuBefore) / float64(time.Since(noted.began))
	// Those who wait for the ledger count in the clock that nobody sets.
	ahead := time.Now().UnixNano() - monotonicNow()
	line := make([]byte, 0, 16*len(noted.arrivals)+200)
	line = fmt.Appendf(line, `{"resets":%d,"busy":%.4f,"arrivalsMs":[`, noted.resets, busy)
	for index, arrived := range noted.arrivals {
		if index > 0 {
			line = append(line, ',')
		}
		line = strconv.AppendFloat(line, float64(arrived-ahead)/1e6, 'f', 3, 64)
	}
	_, err := os.Stdout.Write(append(line, "]}\n"...))
	check(err)
}

func processorTime() time.Duration {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func monotonicNow() int64 {
	var now syscall.Timespec
	_, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, monotonic, uintptr(unsafe.Pointer(&now)), 0)
	if errno != 0 {
		check(errno)
	}
	return now.Nano()
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "meter:", err)
		os.Exit(1)
	}
}
