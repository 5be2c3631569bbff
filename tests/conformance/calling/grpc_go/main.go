// Calls with grpc-go as recipe.go has it; ../README.md says what it is told and what it says.

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"

	v1 "calling/balance/v1"
)

const timeout = 20 * time.Second

var request = &v1.GetAccountSnapshotRequest{Name: "accounts/desk-1"}

type told struct {
	Address, Flaky, Sick, Closed, CA, Certificate, Key, Token string
	DeadSource                                                string `json:"dead_source"`
	ServiceConfig                                             string `json:"service_config"`
	Connections, Watches                                      int
	Pause                                                     float64
}

type program struct {
	told   told
	mutex  sync.Mutex
	result map[string]any
	counts map[string]int
	failed map[string]int
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func (p *program) client(address string) v1.BalanceServiceClient {
	channel, err := connect(address,
		Files{p.told.CA, p.told.Certificate, p.told.Key, p.told.ServiceConfig})
	must(err)
	return v1.NewBalanceServiceClient(channel)
}

func get(client v1.BalanceServiceClient, timeout time.Duration, options ...grpc.CallOption) (
	*v1.AccountSnapshot, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return client.GetAccountSnapshot(ctx, request, options...)
}

func (p *program) codeOfGet(address string, timeout time.Duration, options ...grpc.CallOption) string {
	_, err := get(p.client(address), timeout, options...)
	return status.Code(err).String()
}

func misspelt(text string) string {
	if protojson.Unmarshal([]byte(text), &v1.GetAccountSnapshotRequest{}) != nil {
		return "refused"
	}
	return "dropped"
}

func source(client v1.BalanceServiceClient, name string, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	_, err := client.GetSourceBalance(ctx, &v1.GetSourceBalanceRequest{Name: name})
	return err
}

func (p *program) facts() {
	withToken, err := connect(p.told.Address, Files{CA: p.told.CA, ServiceConfig: p.told.ServiceConfig},
		grpc.WithPerRPCCredentials(bearer(p.told.Token)))
	must(err)
	snapshot, err := get(v1.NewBalanceServiceClient(withToken), timeout)
	must(err)
	info, retry := detailsOf(source(p.client(p.told.Address), p.told.DeadSource, timeout))
	flaky := p.client(p.told.Flaky)
	ctx, cancel := context.WithCancel(context.Background())
	seen := 0
	_ = watch(ctx, flaky, &v1.WatchAccountSnapshotsRequest{}, 300*time.Millisecond,
		func(*v1.WatchAccountSnapshotsResponse) {
			if seen++; seen == 2 {
				cancel()
			}
		})
	cancel()
	p.result = map[string]any{
		"version": grpc.Version,
		"misspelt": []string{misspelt(`{"policy": {"require": "AL"}}`),
			misspelt(`{"policy": {"requires": "ALL"}}`)},
		"token":          snapshot.Name,
		"cash":           snapshot.Sources[0].BalanceSet.Balances[0].Cash.Value,
		"error":          []any{info.GetReason(), retry != nil},
		"flaky":          p.codeOfGet(p.told.Flaky, timeout),
		"sick":           p.codeOfGet(p.told.Sick, timeout),
		"closed":         p.codeOfGet(p.told.Closed, timeout),
		"closed_waiting": p.codeOfGet(p.told.Closed, time.Second, grpc.WaitForReady(true)),
		"slow":           status.Code(source(flaky, "", 500*time.Millisecond)).String(),
	}
}

func (p *program) count(name string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.counts[name]++
}

func (p *program) keepCalling(over context.Context) {
	client := p.client(p.told.Address)
	for over.Err() == nil {
		if _, err := get(client, timeout); err != nil {
			p.mutex.Lock()
			p.failed[err.Error()]++
			p.mutex.Unlock()
		}
		p.count("calls")
		time.Sleep(time.Duration(p.told.Pause * float64(time.Second)))
	}
}

func (p *program) keepWatching() {
	must(watch(context.Background(), p.client(p.told.Address), &v1.WatchAccountSnapshotsRequest{},
		11*time.Second, func(message *v1.WatchAccountSnapshotsResponse) {
			switch message.Event.(type) {
			case *v1.WatchAccountSnapshotsResponse_Snapshot:
				p.count("snapshots")
			case *v1.WatchAccountSnapshotsResponse_Goodbye_:
				p.count("goodbyes")
			}
		}))
}

func main() {
	p := program{counts: map[string]int{}, failed: map[string]int{}}
	must(json.Unmarshal([]byte(os.Getenv("TOLD")), &p.told))
	over, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	p.facts()
	fmt.Println("ready")
	for i := 0; i < p.told.Watches; i++ {
		go p.keepWatching()
	}
	var callers sync.WaitGroup
	for i := 0; i < p.told.Connections; i++ {
		callers.Add(1)
		go func() {
			defer callers.Done()
			p.keepCalling(over)
		}()
	}
	callers.Wait()
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.result["failed"] = p.failed
	for name, count := range p.counts {
		p.result[name] = count
	}
	must(json.NewEncoder(os.Stdout).Encode(p.result))
}
