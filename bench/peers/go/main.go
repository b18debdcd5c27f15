// The tagging job as the README of proxy-wasm-go-sdk writes a plugin.
package main

import (
	"errors"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

func main() {}

func init() {
	proxywasm.SetHttpContext(func(uint32) types.HttpContext { return &request{} })
}

type request struct{ types.DefaultHttpContext }

func (*request) OnHttpRequestHeaders(int, bool) types.Action {
	group, err := proxywasm.GetHttpRequestHeader("x-user-group")
	if err != nil {
		if !errors.Is(err, types.ErrorStatusNotFound) {
			proxywasm.LogErrorf("x-user-group: %v", err)
		}
		return types.ActionContinue
	}
	if group == "internal" {
		if err := proxywasm.ReplaceHttpRequestHeader("x-traffic-tag", "canary"); err != nil {
			proxywasm.LogErrorf("x-traffic-tag: %v", err)
		}
	}
	return types.ActionContinue
}
