// go-tls echo PORT CONNECTIONS BYTES | moved PORT | nested: TLS by Go's own library, and what was said, as JSON lines.
//
// echo: so many connections at once to a server that sends back what it gets; each is written by one goroutine and read by
// another. moved: reads into a buffer on a stack that the runtime moves while the call waits. nested: TLS through TLS, to
// servers of its own. The bytes are generator output of the seed told.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
	"unsafe"
)

type truth struct {
	Pid       int    `json:"pid"`
	LocalPort int    `json:"local_port"`
	Seed      uint32 `json:"seed"`
	Bytes     int    `json:"bytes"`
	Moved     bool   `json:"moved"`
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(111)
	}
}

// xorshift32: four bytes a step, little endian, as test/helpers/generator.ts.
func generate(x uint32, count int) []byte {
	words := make([]byte, (count+3)/4*4)
	for at := 0; at < len(words); at += 4 {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		binary.LittleEndian.PutUint32(words[at:], x)
	}
	return words[:count]
}

func dial(port string) *tls.Conn {
	conn, err := tls.Dial("tcp", "127.0.0.1:"+port, &tls.Config{InsecureSkipVerify: true})
	check(err)
	return conn
}

func portOf(address net.Addr) int { return address.(*net.TCPAddr).Port }

func number(text string) int {
	value, err := strconv.Atoi(text)
	check(err)
	return value
}

// Writes in pieces of all sizes up to three TLS records, while somebody else reads.
func exchange(conn net.Conn, seed uint32, count int) {
	bytes := generate(seed, count)
	done := make(chan error)
	go func() {
		_, err := io.CopyN(io.Discard, conn, int64(count))
		done <- err
	}()
	for at, size := 0, 1; at < count; size = size*3%50000 + 1 {
		if size > count-at {
			size = count - at
		}
		wrote, err := conn.Write(bytes[at : at+size])
		check(err)
		at += wrote
	}
	check(<-done)
}

func echo(port string, connections, count int) []truth {
	truths := make([]truth, connections)
	all := make([]*tls.Conn, connections)
	done := make(chan bool)
	for i := range truths {
		go func(i int) {
			all[i] = dial(port)
			seed := uint32(1000 + i)
			exchange(all[i], seed, count)
			truths[i] = truth{LocalPort: portOf(all[i].LocalAddr()), Seed: seed, Bytes: count}
			done <- true
		}(i)
	}
	for range truths {
		<-done
	}
	// Only now, so that no two have the same address in memory.
	for _, conn := range all {
		conn.Close()
	}
	return truths
}

//go:noinline
func deep(depth int) int {
	var room [1024]byte
	room[depth%1024] = byte(depth)
	if depth == 0 {
		return 0
	}
	return deep(depth-1) + int(room[depth%1024])
}

// A goroutine that is in this function waits for its socket.
func isWaiting(function string) bool {
	room := make([]byte, 1<<20)
	for _, one := range strings.Split(string(room[:runtime.Stack(room, true)]), "\n\n") {
		if strings.Contains(one, "[IO wait") && strings.Contains(one, function) {
			return true
		}
	}
	return false
}

func moved(port string) truth {
	const count = 600
	const seed = 4711
	conn := dial(port)
	shown := make(chan uintptr, 2)
	go func() {
		var buffer [count]byte
		deep(4000)
		shown <- uintptr(unsafe.Pointer(&buffer))
		for at := 0; at < count; {
			read, err := conn.Read(buffer[at:])
			check(err)
			at += read
		}
		shown <- uintptr(unsafe.Pointer(&buffer))
	}()
	before := <-shown
	for !isWaiting("main.moved.func1") {
		runtime.Gosched()
	}
	// Each collection halves a stack of which little is used.
	for i := 0; i < 8; i++ {
		runtime.GC()
	}
	_, err := conn.Write(generate(seed, count))
	check(err)
	after := <-shown
	told := truth{LocalPort: portOf(conn.LocalAddr()), Seed: seed, Bytes: count, Moved: before != after}
	conn.Close()
	return told
}

func certificate() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	made, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	check(err)
	return tls.Certificate{Certificate: [][]byte{made}, PrivateKey: key}
}

func nested() truth {
	const count = 30000
	const seed = 815
	config := &tls.Config{Certificates: []tls.Certificate{certificate()}}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	check(err)
	go func() {
		outer, err := listener.Accept()
		check(err)
		inner := tls.Server(outer, config)
		io.Copy(inner, inner)
	}()
	outer := dial(strconv.Itoa(portOf(listener.Addr())))
	inner := tls.Client(outer, &tls.Config{InsecureSkipVerify: true})
	exchange(inner, seed, count)
	told := truth{LocalPort: portOf(outer.LocalAddr()), Seed: seed, Bytes: count}
	inner.Close()
	return told
}

func main() {
	// More threads than processors: goroutines go from one to another.
	runtime.GOMAXPROCS(8)
	var truths []truth
	switch os.Args[1] {
	case "echo":
		truths = echo(os.Args[2], number(os.Args[3]), number(os.Args[4]))
	case "moved":
		truths = []truth{moved(os.Args[2])}
	case "nested":
		truths = []truth{nested()}
	}
	for _, told := range truths {
		told.Pid = os.Getpid()
		check(json.NewEncoder(os.Stdout).Encode(told))
	}
}
