// compile: configurations of a spec, from text to a Config or to the fault that was raised.

import { Slice } from '../../../filter/assembly/bytes/slice';
import { textPtr, textReset, textSize } from '../../../filter/assembly/bytes/text';
import { areaMake } from '../../../filter/assembly/config/area';
import { compileConfig } from '../../../filter/assembly/config/config';
import { putFault } from '../../../filter/assembly/config/fault';
import {
  Condition,
  Config,
  HeaderNames,
  Limit,
  limitAt,
  nameAt,
  ruleAt,
  Tag,
  tagAt,
} from '../../../filter/assembly/config/layout';
import { arenaReset, arenaTake } from '../../../filter/assembly/shim/arena';
import { lay, read } from '../support';

const area: usize = areaMake();

/** A copy in the arena, where the host puts a configuration. */
export function inArena(text: Slice): usize {
  arenaReset();
  const ptr = arenaTake(text.size);
  memory.copy(ptr, text.ptr, text.size);
  return ptr;
}

/** What was raised last: `PATH: found X, wanted Y`. */
export function faultText(): string {
  textReset();
  putFault();
  return read(textPtr(), textSize());
}

/** The fault of these bytes, or "" where they are accepted. */
export function faultOf(text: Slice): string {
  return compileConfig(area, inArena(text), text.size) != 0 ? '' : faultText();
}

/** The fault of a configuration, or "" where it is accepted. */
export function fault(text: string): string {
  return faultOf(lay(text));
}

/** The Config of a text that must be accepted. It lives until the next one is compiled. */
export function compiled(text: string): Config {
  const slice = lay(text);
  const at = compileConfig(area, inArena(slice), slice.size);
  assert(at != 0, faultText());
  return changetype<Config>(at);
}

/** A configuration with these tags. */
export function withTags(tags: string): string {
  return '{"id":"a/b/0","direction":"inbound","tags":' + tags + '}';
}

/** A configuration whose one rule has this `when`, behind a tag x-first. */
export function withWhen(when: string): string {
  return withTags(
    '[{"header":"x-first","default":"f"},' +
      '{"header":"x-tag","rules":[{"value":"v","when":' +
      when +
      '}]}]',
  );
}

/** The condition of `withWhen`. */
export function condition(when: string): Condition {
  const config = compiled(withWhen(when));
  return changetype<Condition>(ruleAt(tagAt(config, 1), 0).when);
}

/** A configuration with a tag x-tag and these limits. */
export function withLimits(limits: string): string {
  return '{"id":"a/b/0","direction":"inbound","tags":[{"header":"x-tag"}],"limits":' + limits + '}';
}

/** A configuration whose one limit has these members, too. */
export function withLimit(members: string): string {
  const more = members.length > 0 ? ',' + members : '';
  return withLimits('[{"name":"login","rate":"10/s"' + more + '}]');
}

export function onlyLimit(config: Config): Limit {
  assert(config.limitCount == 1);
  return limitAt(config, 0);
}

export function onlyTag(config: Config): Tag {
  assert(config.tagCount == 1);
  return tagAt(config, 0);
}

/** The names that a configuration needs, in their order. */
export function namesOf(config: Config): string {
  const names = changetype<HeaderNames>(config.names);
  let shown = '';
  for (let i: u32 = 0; i < names.count; i++) {
    if (i > 0) shown += ' ';
    shown += read(nameAt(names, i).ptr, nameAt(names, i).size);
  }
  return shown;
}
