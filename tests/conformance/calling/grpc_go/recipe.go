// How a program with grpc-go calls the service. docs/calling.md quotes it.

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	_ "google.golang.org/grpc/health" // without it there are no health checks
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	v1 "calling/balance/v1"
)

// Files are the paths of PEM files and of service_config.json.
type Files struct{ CA, Certificate, Key, ServiceConfig string }

func connect(address string, files Files, more ...grpc.DialOption) (*grpc.ClientConn, error) {
	ca, err := os.ReadFile(files.CA)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{RootCAs: x509.NewCertPool()}
	if !config.RootCAs.AppendCertsFromPEM(ca) {
		return nil, errors.New("no certificate in " + files.CA)
	}
	if files.Certificate != "" {
		pair, err := tls.LoadX509KeyPair(files.Certificate, files.Key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	serviceConfig, err := os.ReadFile(files.ServiceConfig)
	if err != nil {
		return nil, err
	}
	return grpc.NewClient("dns:///"+address, append(more,
		grpc.WithTransportCredentials(credentials.NewTLS(config)),
		grpc.WithDefaultServiceConfig(string(serviceConfig)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: time.Minute}))...)
}

// bearer is given to connect as grpc.WithPerRPCCredentials(bearer(token)).
type bearer string

func (token bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(token)}, nil
}

func (bearer) RequireTransportSecurity() bool { return true }

// detailsOf returns the ErrorInfo and the RetryInfo of an error, each nil where there is none.
func detailsOf(err error) (info *errdetails.ErrorInfo, retry *errdetails.RetryInfo) {
	for _, detail := range status.Convert(err).Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			info = detail
		case *errdetails.RetryInfo:
			retry = detail
		}
	}
	return info, retry
}

// watch hands on the messages of the stream, and of the next one when it ends or falls silent, until
// ctx ends or with an error that calling again does not mend.
func watch(ctx context.Context, client v1.BalanceServiceClient, request *v1.WatchAccountSnapshotsRequest,
	silence time.Duration, take func(*v1.WatchAccountSnapshotsResponse)) error {
	for {
		err := follow(ctx, client, request, silence, take)
		pause := time.Second
		if _, retry := detailsOf(err); retry != nil {
			pause = retry.RetryDelay.AsDuration()
		} else if code := status.Code(err); code != codes.Unavailable && code != codes.Canceled &&
			code != codes.Aborted {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

func follow(ctx context.Context, client v1.BalanceServiceClient, request *v1.WatchAccountSnapshotsRequest,
	silence time.Duration, take func(*v1.WatchAccountSnapshotsResponse)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watchdog := time.AfterFunc(silence, cancel)
	defer watchdog.Stop()
	stream, err := client.WatchAccountSnapshots(ctx, request, grpc.WaitForReady(true))
	if err != nil {
		return err
	}
	for {
		message, err := stream.Recv()
		if err != nil {
			return err
		}
		watchdog.Reset(silence)
		take(message)
	}
}
