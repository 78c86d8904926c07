package main

import (
	"fmt"
	"net"
	"os"
	"sort"
	"strings"
)

// request is what a server saw of one, whatever the protocol.
type request struct {
	method   string
	url      string
	protocol string
	host     string
	remote   string
	port     string
	headers  map[string][]string
}

// answer is the body that tells the caller who answered and what arrived: one `Field=value` per line, headers in
// alphabetical order, one line for each value.
func answer(seen request) string {
	hostname, err := os.Hostname()
	if err != nil {
		hostname = "unknown"
	}
	address, _, err := net.SplitHostPort(seen.remote)
	if err != nil {
		address = seen.remote
	}
	var text strings.Builder
	line := func(field, value string) { fmt.Fprintf(&text, "%s=%s\n", field, value) }
	line("ServicePort", seen.port)
	line("Host", seen.host)
	line("URL", seen.url)
	line("Method", seen.method)
	line("Proto", seen.protocol)
	line("IP", address)
	names := make([]string, 0, len(seen.headers))
	for name := range seen.headers {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		for _, value := range seen.headers[name] {
			line("RequestHeader", name+":"+value)
		}
	}
	line("Hostname", hostname)
	return text.String()
}
