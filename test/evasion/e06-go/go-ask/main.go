// SPDX-License-Identifier: Apache-2.0

// go-ask PORT [PATH...]: one request for each path over crypto/tls to 127.0.0.1:PORT, once this program is probed.
package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
)

func main() {
	self, err := os.Executable()
	check(err)
	if wait := os.Getenv("BIN"); wait != "" {
		check(exec.Command(wait+"/await-probe", self).Run())
	}
	for _, path := range os.Args[2:] {
		ask("127.0.0.1:"+os.Args[1], path)
	}
}

// Written and read on two goroutines, as net/http does.
func ask(address, path string) {
	raw, err := net.Dial("tcp", address)
	check(err)
	connection := tls.Client(raw, &tls.Config{InsecureSkipVerify: true, ServerName: "llm.test"})
	answered := make(chan int)
	go func() {
		response, err := http.ReadResponse(bufio.NewReader(connection), nil)
		check(err)
		answered <- response.StatusCode
	}()
	_, err = fmt.Fprintf(connection, "GET %s HTTP/1.1\r\nHost: llm.test\r\nConnection: close\r\n\r\n", path)
	check(err)
	if status := <-answered; status != 200 {
		check(fmt.Errorf("status %d", status))
	}
	check(connection.Close())
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
