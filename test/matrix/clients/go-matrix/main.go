// SPDX-License-Identifier: Apache-2.0

// go-matrix 1.1|2 HOST PATH: asks https://HOST/PATH and prints the answer; trusts SSL_CERT_FILE.
package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

func main() {
	transport := &http.Transport{ForceAttemptHTTP2: true}
	if os.Args[1] == "1.1" {
		transport = &http.Transport{TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{}}
	}
	client := http.Client{Transport: transport}
	path := os.Args[3]
	response, err := client.Post("https://"+os.Args[2]+path, "text/plain", strings.NewReader("body of "+path))
	check(err)
	answer, err := io.ReadAll(response.Body)
	check(err)
	fmt.Println(string(answer))
	check(response.Body.Close())
	client.CloseIdleConnections()
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
