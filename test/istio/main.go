// judge: Istio's own control plane without Kubernetes, for tests. It translates what it is given and
// serves it to real Envoys over ADS.
//
// Requests are JSON objects on standard input, answers JSON objects on descriptor 3 (Istio logs to
// standard output), each with the request's id. It ends when standard input does, so it cannot outlive
// who started it. First of all it tells, as id 0, the port of its ADS.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"istio.io/istio/pkg/log"
)

// How long proxies may take to answer a push.
const settleTimeout = 30 * time.Second

type request struct {
	ID int    `json:"id"`
	Op string `json:"op"`
	// For "apply": Kubernetes objects, all there shall be.
	Resources []json.RawMessage `json:"resources"`
}

type answer struct {
	ID         int         `json:"id"`
	Port       int         `json:"port,omitempty"`
	Error      string      `json:"error,omitempty"`
	Rejections []rejection `json:"rejections,omitempty"`
}

func main() {
	options := log.DefaultOptions()
	options.SetDefaultOutputLevel(log.OverrideScopeName, log.WarnLevel)
	if err := log.Configure(options); err != nil {
		fail(err)
	}
	answers := json.NewEncoder(os.NewFile(3, "answers"))
	flow := newFlow()
	mesh, err := startMesh(flow)
	if err != nil {
		fail(err)
	}
	send(answers, answer{Port: mesh.port})
	requests := json.NewDecoder(os.Stdin)
	for {
		var asked request
		err := requests.Decode(&asked)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			fail(err)
		}
		send(answers, serve(mesh, flow, asked))
	}
}

func serve(mesh *mesh, flow *flow, asked request) answer {
	said := answer{ID: asked.ID}
	var err error
	switch asked.Op {
	case "apply":
		flow.forget()
		err = mesh.apply(asked.Resources)
	case "settle":
	default:
		err = fmt.Errorf("op %q, wanted apply or settle", asked.Op)
	}
	if err == nil {
		err = mesh.settle(settleTimeout)
	}
	if err != nil {
		said.Error = err.Error()
	}
	said.Rejections = flow.rejected()
	return said
}

func send(answers *json.Encoder, said answer) {
	if err := answers.Encode(said); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "judge:", err)
	os.Exit(1)
}
