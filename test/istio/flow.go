package main

import (
	"sync"
	"time"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	rpc "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
)

// rejection: what a proxy said of configuration that it does not take.
type rejection struct {
	// The node id, as sidecar~127.0.10.1~reviews-1.shop~shop.svc.cluster.local.
	Proxy   string `json:"proxy"`
	Type    string `json:"type"`
	Message string `json:"message"`
}

// flow: what goes over all ADS streams, seen from outside. Istio's own records forget a rejection with
// the next answer, and do not tell a stale one from a fresh one.
type flow struct {
	mu         sync.Mutex
	streams    map[*stream]bool
	rejections []rejection
	last       time.Time
}

func newFlow() *flow {
	return &flow{streams: map[*stream]bool{}, last: time.Now()}
}

// stream: one proxy's connection.
type stream struct {
	grpc.ServerStream
	flow *flow
	node string
	// By type, the nonce of the last response while it is not answered.
	open map[string]string
}

// Both of ADS' protocols have these.
type discoveryRequest interface {
	GetNode() *core.Node
	GetTypeUrl() string
	GetResponseNonce() string
	GetErrorDetail() *rpc.Status
}

type discoveryResponse interface {
	GetTypeUrl() string
	GetNonce() string
}

func (f *flow) intercept(server any, inner grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	s := &stream{ServerStream: inner, flow: f, open: map[string]string{}}
	f.mu.Lock()
	f.streams[s] = true
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		delete(f.streams, s)
		f.mu.Unlock()
	}()
	return handle(server, s)
}

func (s *stream) SendMsg(message any) error {
	if response, ok := message.(discoveryResponse); ok {
		s.flow.mu.Lock()
		s.open[response.GetTypeUrl()] = response.GetNonce()
		s.flow.last = time.Now()
		s.flow.mu.Unlock()
	}
	return s.ServerStream.SendMsg(message)
}

func (s *stream) RecvMsg(message any) error {
	if err := s.ServerStream.RecvMsg(message); err != nil {
		return err
	}
	if request, ok := message.(discoveryRequest); ok {
		s.flow.took(s, request)
	}
	return nil
}

func (f *flow) took(s *stream, request discoveryRequest) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = time.Now()
	// Sent with the first message only.
	if id := request.GetNode().GetId(); id != "" {
		s.node = id
	}
	kind := request.GetTypeUrl()
	if nonce := request.GetResponseNonce(); nonce != "" && s.open[kind] == nonce {
		delete(s.open, kind)
	}
	if detail := request.GetErrorDetail(); detail != nil {
		f.rejections = append(f.rejections, rejection{s.node, kind, detail.GetMessage()})
	}
}

// quiet tells that every response was answered, and nothing has come or gone for that long.
func (f *flow) quiet(during time.Duration) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for s := range f.streams {
		if len(s.open) > 0 {
			return false
		}
	}
	return time.Since(f.last) >= during
}

func (f *flow) touch() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = time.Now()
}

func (f *flow) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rejections = nil
}

func (f *flow) rejected() []rejection {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]rejection(nil), f.rejections...)
}
