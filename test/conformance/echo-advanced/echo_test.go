package main

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/gateway-api/conformance/utils/echo"
)

// listen serves on a port of loopback until the test ends.
func listen(t *testing.T, run func(net.Listener)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go run(listener)
	return listener.Addr().String()
}

// ask performs a command line and returns each response as the suite would read it.
func ask(t *testing.T, arguments ...string) []echo.Response {
	t.Helper()
	wanted, err := parseOrder(arguments)
	if err != nil {
		t.Fatal(err)
	}
	send, err := sender(wanted)
	if err != nil {
		t.Fatal(err)
	}
	var output strings.Builder
	for index, one := range perform(wanted, send) {
		output.WriteString(format(index, wanted, one))
	}
	var responses []echo.Response
	for section := range strings.SplitSeq(strings.TrimSpace(output.String()), "\n\n") {
		responses = append(responses, echo.ParseResponse(section))
	}
	return responses
}

func TestTheSuiteReadsWhatAnHTTPServerSawAndAnswered(t *testing.T) {
	address := listen(t, func(listener net.Listener) { _ = httpServer("8080").Serve(listener) })
	response := ask(t, "http://"+address+"/path?q=1", "--method=PUT", "-H", "X-One:a", "-H", "X-One:b", "-H", "Host:other")[0]
	read := []string{response.Code, response.Method, response.URL, response.Host, response.Port, response.IP, response.Protocol}
	if expected := []string{"200", "PUT", "/path?q=1", "other", "8080", "127.0.0.1", "HTTP/1.1"}; !slices.Equal(read, expected) {
		t.Fatalf("%v instead of %v in: %s", read, expected, response.RawContent)
	}
	if values := response.RequestHeaders.Values("X-One"); !slices.Equal(values, []string{"a", "b"}) {
		t.Fatalf("headers %v instead of a and b", values)
	}
	if response.Hostname == "" || response.ResponseHeaders.Get("Content-Type") != "text/plain" {
		t.Fatalf("not read: %s", response.RawContent)
	}
}

func TestTheSuiteReadsABatchOfGRPC(t *testing.T) {
	address := listen(t, func(listener net.Listener) { _ = grpcServer("7070").Serve(listener) })
	responses := ask(t, "grpc://"+address, "--count=50", "-H", "X-One:a")
	if len(responses) != 50 {
		t.Fatalf("%d responses instead of 50", len(responses))
	}
	for _, response := range responses {
		if response.Code != "200" || response.Hostname == "" {
			t.Fatalf("not read: %s", response.RawContent)
		}
		if values := response.RequestHeaders.Values("X-One"); !slices.Equal(values, []string{"a"}) {
			t.Fatalf("header %v instead of a", values)
		}
	}
}

func TestABatchSharesConnections(t *testing.T) {
	connections := 0
	server := httpServer("8080")
	server.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections++
		}
	}
	address := listen(t, func(listener net.Listener) { _ = server.Serve(listener) })
	if responses := ask(t, "http://"+address, "--count=200"); len(responses) != 200 {
		t.Fatalf("%d responses instead of 200", len(responses))
	}
	if connections > 2*inFlight {
		t.Fatalf("%d connections for a batch", connections)
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	redirect := http.RedirectHandler("http://elsewhere.invalid/", http.StatusFound)
	address := listen(t, func(listener net.Listener) { _ = http.Serve(listener, redirect) })
	response := ask(t, "http://"+address)[0]
	if response.Code != "302" || response.ResponseHeaders.Get("Location") != "http://elsewhere.invalid/" {
		t.Fatalf("not read: %s", response.RawContent)
	}
}

func TestARequestWithoutResponseIsAFailure(t *testing.T) {
	address := listen(t, func(listener net.Listener) { listener.Close() })
	if err := call([]string{"http://" + address}); err == nil {
		t.Fatal("no error for a connection that was refused")
	}
}

func TestACommandLineIsReadInAnyOrder(t *testing.T) {
	wanted, err := parseOrder([]string{"-H", "A:b:c", "http://echo/x", "--method=POST", "--count", "3"})
	if err != nil {
		t.Fatal(err)
	}
	expected, _ := url.Parse("http://echo/x")
	if *wanted.url != *expected || wanted.method != "POST" || wanted.count != 3 || wanted.headers.Get("A") != "b:c" {
		t.Fatalf("read as %+v", wanted)
	}
	for _, wrong := range [][]string{{}, {"http://echo", "--count=0"}, {"http://echo", "--unknown=1"}, {"http://echo", "-H"}, {"http://echo", "-H", "a"}} {
		if _, err := parseOrder(wrong); err == nil {
			t.Fatalf("%v is accepted", wrong)
		}
	}
}
