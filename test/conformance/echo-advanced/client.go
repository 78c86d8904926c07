package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// callTimeout bounds one request.
const callTimeout = 10 * time.Second

// inFlight bounds the requests of a batch that are under way at once.
const inFlight = 10

// order is what one command line asks for.
type order struct {
	url     *url.URL
	method  string
	headers http.Header
	count   int
}

// outcome is one response, or why there is none.
type outcome struct {
	status  int
	headers http.Header
	body    string
	failure error
}

// call performs `client URL [--method=M] [-H NAME:VALUE]... [--count=N]` and prints every response in turn; it fails
// where a request had none.
func call(arguments []string) error {
	wanted, err := parseOrder(arguments)
	if err != nil {
		return err
	}
	send, err := sender(wanted)
	if err != nil {
		return err
	}
	outcomes := perform(wanted, send)
	failed := 0
	for index, one := range outcomes {
		fmt.Print(format(index, wanted, one))
		if one.failure != nil {
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d requests had no response", failed, len(outcomes))
	}
	return nil
}

// parseOrder reads flags before and after the URL, which the flag package would not.
func parseOrder(arguments []string) (order, error) {
	wanted := order{method: http.MethodGet, headers: http.Header{}, count: 1}
	for index := 0; index < len(arguments); index++ {
		argument := arguments[index]
		name, value, joined := strings.Cut(argument, "=")
		if strings.HasPrefix(argument, "-") && !joined {
			index++
			if index == len(arguments) {
				return wanted, fmt.Errorf("%s needs a value", argument)
			}
			name, value = argument, arguments[index]
		}
		var err error
		switch {
		case name == "--method":
			wanted.method = value
		case name == "--count":
			if wanted.count, err = strconv.Atoi(value); err == nil && wanted.count < 1 {
				err = fmt.Errorf("--count must be at least 1, not %d", wanted.count)
			}
		case name == "-H":
			header, content, found := strings.Cut(value, ":")
			if !found {
				err = fmt.Errorf("-H needs NAME:VALUE, not %q", value)
			}
			wanted.headers.Add(header, content)
		case strings.HasPrefix(argument, "-"):
			err = fmt.Errorf("unknown flag %s", name)
		default:
			wanted.url, err = url.Parse(argument)
		}
		if err != nil {
			return wanted, err
		}
	}
	if wanted.url == nil || wanted.url.Host == "" {
		return wanted, fmt.Errorf("usage: client URL [--method=METHOD] [-H NAME:VALUE] [--count=N]")
	}
	return wanted, nil
}

// sender is what performs one request of the order's protocol, over connections that the whole batch shares.
func sender(wanted order) (func(context.Context) outcome, error) {
	switch wanted.url.Scheme {
	case "http", "https":
		return httpSender(wanted), nil
	case "grpc":
		return grpcSender(wanted)
	}
	return nil, fmt.Errorf("no such protocol: %s", wanted.url.Scheme)
}

func httpSender(wanted order) func(context.Context) outcome {
	client := &http.Client{
		// A redirect is what the tests look at.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			MaxIdleConnsPerHost: inFlight,
			// The certificate of the test application says nothing about who it is.
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		},
	}
	return func(ctx context.Context) outcome {
		request, err := http.NewRequestWithContext(ctx, wanted.method, wanted.url.String(), nil)
		if err != nil {
			return outcome{failure: err}
		}
		request.Header = wanted.headers.Clone()
		if host := request.Header.Get("Host"); host != "" {
			request.Host = host
			request.Header.Del("Host")
		}
		response, err := client.Do(request)
		if err != nil {
			return outcome{failure: err}
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		return outcome{status: response.StatusCode, headers: response.Header, body: string(body), failure: err}
	}
}

// grpcSender reports a call that succeeded as 200, as the suite expects it.
func grpcSender(wanted order) (func(context.Context) outcome, error) {
	options := []grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}
	headers := metadata.MD{}
	for name, values := range wanted.headers {
		if strings.EqualFold(name, "Host") {
			options = append(options, grpc.WithAuthority(values[0]))
			continue
		}
		headers.Append(strings.ToLower(name), values...)
	}
	// The proxy, not the client, chooses among the addresses of a name.
	connection, err := grpc.NewClient("passthrough:///"+wanted.url.Host, options...)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) outcome {
		var received metadata.MD
		message := new(wrapperspb.StringValue)
		ctx = metadata.NewOutgoingContext(ctx, headers)
		if err := connection.Invoke(ctx, echoMethod, wrapperspb.String("hello"), message, grpc.Header(&received)); err != nil {
			return outcome{failure: err}
		}
		responseHeaders := http.Header{}
		for name, values := range received {
			responseHeaders[http.CanonicalHeaderKey(name)] = values
		}
		return outcome{status: http.StatusOK, headers: responseHeaders, body: message.Value}
	}, nil
}

func perform(wanted order, send func(context.Context) outcome) []outcome {
	outcomes := make([]outcome, wanted.count)
	free := make(chan struct{}, inFlight)
	var all sync.WaitGroup
	for index := range outcomes {
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
			defer cancel()
			outcomes[index] = send(ctx)
		})
	}
	all.Wait()
	return outcomes
}

// format is one response as the suite reads it: the client's lines, then those of the body marked as such, and an
// empty line that ends it (so there must be none inside).
func format(index int, wanted order, one outcome) string {
	var text strings.Builder
	line := func(field, value string) { fmt.Fprintf(&text, "[%d] %s=%s\n", index, field, value) }
	line("Url", wanted.url.String())
	if one.failure != nil {
		line("Error", strings.ReplaceAll(one.failure.Error(), "\n", " "))
		return text.String() + "\n"
	}
	line("StatusCode", strconv.Itoa(one.status))
	for name, values := range one.headers {
		for _, value := range values {
			line("ResponseHeader", name+":"+value)
		}
	}
	for _, content := range strings.Split(one.body, "\n") {
		if content != "" {
			fmt.Fprintf(&text, "[%d body] %s\n", index, content)
		}
	}
	return text.String() + "\n"
}
