package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"reflect"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"istio.io/istio/pilot/pkg/config/kube/crd"
	"istio.io/istio/pilot/test/xds"
	"istio.io/istio/pkg/config"
	istiomesh "istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/test"
)

const (
	domain = "cluster.local"
	// Changes that come together are pushed together, as in a cluster (there 100 ms).
	debounce = 20 * time.Millisecond
	// Longer than it takes to make the next response of a push.
	stillness = 100 * time.Millisecond
	poll      = 5 * time.Millisecond
)

// mesh: the control plane, and what it was given.
type mesh struct {
	server *xds.FakeDiscoveryServer
	flow   *flow
	port   int
	held   map[string]config.Config
	// Of all objects: those of one `kubectl apply` share their second, and so their order by name.
	created time.Time
}

func startMesh(flow *flow) (*mesh, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	options := istiomesh.DefaultMeshConfig()
	// Without it clusters wait for certificates that nobody issues here.
	options.EnableAutoMtls = wrapperspb.Bool(false)
	m := &mesh{flow: flow, held: map[string]config.Config{}, created: time.Now()}
	m.port = listener.Addr().(*net.TCPAddr).Port
	m.server = xds.NewFakeDiscoveryServer(failer{}, xds.FakeOptions{
		MeshConfig:   options,
		DebounceTime: debounce,
	})
	// Its own server has no place to look at what goes by.
	ads := grpc.NewServer(grpc.StreamInterceptor(flow.intercept))
	m.server.Discovery.Register(ads)
	go func() {
		if err := ads.Serve(listener); err != nil {
			fail(err)
		}
	}()
	return m, nil
}

// apply makes these all there is.
func (m *mesh) apply(resources []json.RawMessage) error {
	wanted := map[string]config.Config{}
	for _, resource := range resources {
		configs, others, err := crd.ParseInputs(string(resource))
		if err != nil {
			return err
		}
		if len(others) > 0 {
			return fmt.Errorf("kind %s of %s %q: Istio has none", others[0].Kind, others[0].APIVersion, others[0].Name)
		}
		for _, one := range configs {
			if one.Namespace == "" {
				one.Namespace = "default"
			}
			one.Domain = domain
			one.CreationTimestamp = m.created
			wanted[one.Key()] = one
		}
	}
	return m.replace(wanted)
}

func (m *mesh) replace(wanted map[string]config.Config) error {
	store := m.server.Store()
	for key, one := range wanted {
		before, present := m.held[key]
		var err error
		if !present {
			_, err = store.Create(one)
		} else if !same(before, one) {
			_, err = store.Update(one)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		m.held[key] = one
	}
	for key, one := range m.held {
		if _, stays := wanted[key]; stays {
			continue
		}
		if err := store.Delete(one.GroupVersionKind, one.Name, one.Namespace, nil); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		delete(m.held, key)
	}
	m.flow.touch()
	return nil
}

func same(one, other config.Config) bool {
	return proto.Equal(one.Spec.(proto.Message), other.Spec.(proto.Message)) &&
		reflect.DeepEqual(one.Labels, other.Labels) &&
		reflect.DeepEqual(one.Annotations, other.Annotations)
}

// settle waits until all that was applied has been translated, sent, and answered by every proxy.
func (m *mesh) settle(timeout time.Duration) error {
	deadline := time.Now().Add(timeout)
	for !m.settled() {
		if time.Now().After(deadline) {
			return fmt.Errorf("proxies have not answered within %s", timeout)
		}
		time.Sleep(poll)
	}
	return nil
}

func (m *mesh) settled() bool {
	server := m.server.Discovery
	if server.InboundUpdates.Load() != server.CommittedUpdates.Load() {
		return false
	}
	return m.flow.quiet(stillness)
}

// failer: what Istio's test code calls when it cannot go on.
type failer struct{}

var _ test.Failer = failer{}

func (failer) Fail()                             { fail(errors.New("Istio failed")) }
func (failer) FailNow()                          { fail(errors.New("Istio failed")) }
func (failer) Fatal(args ...any)                 { fail(errors.New(fmt.Sprint(args...))) }
func (failer) Fatalf(format string, args ...any) { fail(fmt.Errorf(format, args...)) }
func (failer) Skip(args ...any)                  { fail(errors.New(fmt.Sprint(args...))) }
func (failer) Log(...any)                        {}
func (failer) Logf(string, ...any)               {}
func (failer) Helper()                           {}
func (failer) TempDir() string                   { return os.TempDir() }

// The process ends with everything in it.
func (failer) Cleanup(func()) {}
