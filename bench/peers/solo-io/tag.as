// The tagging job as the README of @solo-io/proxy-runtime writes a filter.
// AssemblyScript; its name ends in .as so that the project's own TypeScript leaves it alone.

export * from "@solo-io/proxy-runtime/proxy"; // the callbacks that a proxy calls
import {
  Context,
  FilterHeadersStatusValues,
  RootContext,
  registerRootContext,
  stream_context,
} from "@solo-io/proxy-runtime";

class TagRoot extends RootContext {
  createContext(context_id: u32): Context {
    return new Tag(context_id, this);
  }
}

class Tag extends Context {
  constructor(context_id: u32, root_context: TagRoot) {
    super(context_id, root_context);
  }

  onRequestHeaders(a: u32, end_of_stream: bool): FilterHeadersStatusValues {
    const headers = stream_context.headers.request;
    if (headers.get("x-user-group") == "internal") {
      headers.replace("x-traffic-tag", "canary");
    }
    return FilterHeadersStatusValues.Continue;
  }
}

registerRootContext((context_id: u32) => { return new TagRoot(context_id); }, "tag");
