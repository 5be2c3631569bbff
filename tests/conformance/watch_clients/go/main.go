// The same as watch.py, for grpc-go.
package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	// Has the channel look at the health that the service config names.
	_ "google.golang.org/grpc/health"
	"google.golang.org/grpc/status"
)

const method = "/balance.v1.BalanceService/WatchAccountSnapshots"
const pause = 200 * time.Millisecond

// Messages stay the bytes that they are on the wire.
type rawCodec struct{}

func (rawCodec) Marshal(message any) ([]byte, error) { return *message.(*[]byte), nil }

func (rawCodec) Unmarshal(data []byte, message any) error {
	*message.(*[]byte) = append([]byte(nil), data...)
	return nil
}

func (rawCodec) Name() string { return "proto" }

func say(key, value string) {
	if err := json.NewEncoder(os.Stdout).Encode(map[string]string{key: value}); err != nil {
		panic(err)
	}
}

func follow(connection *grpc.ClientConn, request []byte) error {
	stream, err := connection.NewStream(
		context.Background(), &grpc.StreamDesc{ServerStreams: true}, method)
	if err != nil {
		return err
	}
	if err := stream.SendMsg(&request); err != nil {
		return err
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	for {
		var message []byte
		if err := stream.RecvMsg(&message); err != nil {
			return err
		}
		say("message", base64.StdEncoding.EncodeToString(message))
	}
}

func main() {
	request, err := base64.StdEncoding.DecodeString(os.Getenv("REQUEST"))
	if err != nil {
		panic(err)
	}
	connection, err := grpc.NewClient(os.Getenv("ADDRESS"),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(rawCodec{})),
		grpc.WithDefaultServiceConfig(os.Getenv("SERVICE_CONFIG")))
	if err != nil {
		panic(err)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	go func() {
		<-stop
		os.Exit(0)
	}()
	for {
		// Such as "Unavailable".
		code := status.Code(follow(connection, request)).String()
		say("end", strings.ToUpper(code))
		time.Sleep(pause)
	}
}
