package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// ports collects a flag that may be given several times.
type ports []string

func (all *ports) String() string { return strings.Join(*all, ",") }

func (all *ports) Set(value string) error {
	*all = append(*all, value)
	return nil
}

// serve answers on every port until it is told to end.
func serve(arguments []string) error {
	var httpPorts, tlsPorts, grpcPorts, tcpPorts ports
	flags := flag.NewFlagSet("server", flag.ContinueOnError)
	flags.Var(&httpPorts, "port", "HTTP/1.1 and HTTP/2 in plaintext, or under TLS where --tls names the port as well")
	flags.Var(&tlsPorts, "tls", "which of the HTTP ports speak TLS")
	flags.Var(&grpcPorts, "grpc", "gRPC in plaintext")
	flags.Var(&tcpPorts, "tcp", "says its host name and repeats what it is told")
	certificate := flags.String("crt", "", "certificate of the TLS ports, PEM")
	key := flags.String("key", "", "its key, PEM")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	ended := make(chan error, 1)
	start := func(port string, run func(net.Listener) error) error {
		listener, err := net.Listen("tcp", ":"+port)
		if err != nil {
			return err
		}
		go func() { ended <- run(listener) }()
		return nil
	}
	for _, port := range httpPorts {
		run := func(listener net.Listener) error { return httpServer(port).Serve(listener) }
		if slices.Contains(tlsPorts, port) {
			pair, err := tls.LoadX509KeyPair(*certificate, *key)
			if err != nil {
				return err
			}
			run = func(listener net.Listener) error {
				server := httpServer(port)
				server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}}
				return server.ServeTLS(listener, "", "")
			}
		}
		if err := start(port, run); err != nil {
			return err
		}
	}
	for _, port := range grpcPorts {
		if err := start(port, func(listener net.Listener) error { return grpcServer(port).Serve(listener) }); err != nil {
			return err
		}
	}
	for _, port := range tcpPorts {
		if err := start(port, serveTCP); err != nil {
			return err
		}
	}
	// One of the suite's pods has no port: it is only there to call from.
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	select {
	case err := <-ended:
		return err
	case <-stop.Done():
		return nil
	}
}

func httpServer(port string) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{Protocols: protocols, Handler: http.HandlerFunc(func(response http.ResponseWriter, arrived *http.Request) {
		seen := request{
			method:   arrived.Method,
			url:      arrived.URL.RequestURI(),
			protocol: arrived.Proto,
			host:     arrived.Host,
			remote:   arrived.RemoteAddr,
			port:     port,
			headers:  arrived.Header,
		}
		response.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(response, answer(seen))
	})}
}

// echoMethod is the one method of the gRPC service. Its messages have one string as field 1, as a StringValue has.
const echoMethod = "/proto.EchoTestService/Echo"

func grpcServer(port string) *grpc.Server {
	handle := func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		if err := decode(new(wrapperspb.StringValue)); err != nil {
			return nil, err
		}
		headers, _ := metadata.FromIncomingContext(ctx)
		remote := ""
		if caller, known := peer.FromContext(ctx); known {
			remote = caller.Addr.String()
		}
		seen := request{
			method:   http.MethodPost,
			url:      echoMethod,
			protocol: "GRPC",
			host:     strings.Join(headers.Get(":authority"), ","),
			remote:   remote,
			port:     port,
			headers:  headers,
		}
		return wrapperspb.String(answer(seen)), nil
	}
	server := grpc.NewServer()
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "proto.EchoTestService",
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "Echo", Handler: handle}},
	}, nil)
	return server
}

func serveTCP(listener net.Listener) error {
	hostname, err := os.Hostname()
	if err != nil {
		return err
	}
	for {
		connection, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		go func() {
			defer connection.Close()
			lines := bufio.NewScanner(connection)
			for lines.Scan() {
				if _, err := fmt.Fprintf(connection, "Hostname=%s\nEcho=%s\n", hostname, lines.Text()); err != nil {
					return
				}
			}
		}()
	}
}
