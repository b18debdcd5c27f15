import {
  CONDITION_SIZE,
  CONFIG_SIZE,
  Condition,
  Config,
  HEADER_NAME_SIZE,
  HEADER_NAMES_SIZE,
  HeaderName,
  HeaderNames,
  NAME_INDEX,
  NAME_INDEX_COUNT,
  nameAt,
  RULE_SIZE,
  Rule,
  ruleAt,
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
    expect(<u32>offsetof<Node>()).toBe(NODE_SIZE);
    expect(HEADER_NAMES_SIZE).toBe(<u32>NAME_INDEX + 2 * NAME_INDEX_COUNT);
  });

  it('steps through its arrays', () => {
    const config = changetype<Config>(heap.alloc(CONFIG_SIZE));
    config.tags = 1000;
    expect(changetype<usize>(tagAt(config, 2))).toBe(1000 + 2 * TAG_SIZE);
    const tag = changetype<Tag>(heap.alloc(TAG_SIZE));
    tag.rules = 2000;
    expect(changetype<usize>(ruleAt(tag, 3))).toBe(2000 + 3 * RULE_SIZE);
    const names = changetype<HeaderNames>(heap.alloc(HEADER_NAMES_SIZE));
    names.names = 3000;
    expect(changetype<usize>(nameAt(names, 1))).toBe(3000 + HEADER_NAME_SIZE);
  });
});
