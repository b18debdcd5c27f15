import {
  CARRIED_SIZE,
  Carried,
  CONDITION_SIZE,
  CONFIG_SIZE,
  Condition,
  Config,
  HEADER_NAME_SIZE,
  HEADER_NAMES_SIZE,
  HeaderName,
  HeaderNames,
  KEY_PART_SIZE,
  KeyPart,
  keyPartAt,
  LIMIT_SIZE,
  Limit,
  limitAt,
  MINT_SIZE,
  Mint,
  mintAt,
  NAME_INDEX,
  NAME_INDEX_COUNT,
  nameAt,
  PERCENT_SIZE,
  Percent,
  PROPAGATE_SIZE,
  Propagate,
  RULE_SIZE,
  Rule,
  ruleAt,
  SOURCE_SIZE,
  Source,
  TAG_SIZE,
  Tag,
  tagAt,
} from '../../../filter/assembly/config/layout';
import { NODE_SIZE, Node } from '../../../filter/assembly/config/node';

describe('layout', () => {
  it('gives every class the room that it takes', () => {
    expect(<u32>offsetof<HeaderName>()).toBe(HEADER_NAME_SIZE);
    expect(<u32>offsetof<HeaderNames>()).toBe(<u32>NAME_INDEX);
    expect(<u32>offsetof<Condition>()).toBe(CONDITION_SIZE);
    expect(<u32>offsetof<Rule>()).toBe(RULE_SIZE);
    expect(<u32>offsetof<Tag>()).toBe(TAG_SIZE);
    expect(<u32>offsetof<Config>()).toBe(CONFIG_SIZE);
    expect(<u32>offsetof<Percent>()).toBe(PERCENT_SIZE);
    expect(<u32>offsetof<Source>()).toBe(SOURCE_SIZE);
    // An array of classes that hold words: each begins at a word.
    expect(((<u32>offsetof<Mint>() + 3) / 4) * 4).toBe(MINT_SIZE);
    expect(<u32>offsetof<Carried>()).toBe(CARRIED_SIZE);
    expect(((<u32>offsetof<Propagate>() + 7) / 8) * 8).toBe(PROPAGATE_SIZE);
    expect(<u32>offsetof<KeyPart>()).toBe(KEY_PART_SIZE);
    // It holds words of 64 bits, and so do those behind it.
    expect(((<u32>offsetof<Limit>() + 7) / 8) * 8).toBe(LIMIT_SIZE);
    expect(<u32>offsetof<Node>()).toBe(NODE_SIZE);
    expect(HEADER_NAMES_SIZE).toBe(<u32>NAME_INDEX + 2 * NAME_INDEX_COUNT);
  });

  it('stands as it is drawn', () => {
    expect(<u32>offsetof<KeyPart>('index')).toBe(4);
    expect(<u32>offsetof<KeyPart>('templateSize')).toBe(20);
    expect(<u32>offsetof<Limit>('before')).toBe(32);
    expect(<u32>offsetof<Limit>('when')).toBe(40);
    expect(<u32>offsetof<Limit>('scope')).toBe(76);
    expect(<u32>offsetof<Limit>('table')).toBe(84);
    expect(<u32>offsetof<Limit>('status')).toBe(104);
    expect(<u32>offsetof<Config>('pathsRaw')).toBe(48);
    expect(<u32>offsetof<Config>('forwardedFor')).toBe(56);
    expect(<u32>offsetof<Config>('headersErrors')).toBe(72);
  });

  it('steps through its arrays', () => {
    const config = changetype<Config>(heap.alloc(CONFIG_SIZE));
    config.tags = 1000;
    expect(changetype<usize>(tagAt(config, 2))).toBe(1000 + 2 * TAG_SIZE);
    const tag = changetype<Tag>(heap.alloc(TAG_SIZE));
    tag.rules = 2000;
    expect(changetype<usize>(ruleAt(tag, 3))).toBe(2000 + 3 * RULE_SIZE);
    config.mints = 4000;
    expect(changetype<usize>(mintAt(config, 3))).toBe(4000 + 3 * MINT_SIZE);
    config.limits = 5000;
    expect(changetype<usize>(limitAt(config, 2))).toBe(5000 + 2 * LIMIT_SIZE);
    const limit = changetype<Limit>(heap.alloc(LIMIT_SIZE));
    limit.keys = 6000;
    expect(changetype<usize>(keyPartAt(limit, 3))).toBe(6000 + 3 * KEY_PART_SIZE);
    const names = changetype<HeaderNames>(heap.alloc(HEADER_NAMES_SIZE));
    names.names = 3000;
    expect(changetype<usize>(nameAt(names, 1))).toBe(3000 + HEADER_NAME_SIZE);
  });
});
