// source: where a value of the request is taken from: {header: NAME}, {cookie: NAME},
// {query: NAME} or {ip: true}, from JSON to a Source (layout.ts).

import { equalsAscii } from '../bytes/slice';
import { areaCopy } from './area';
import { internClient } from './client';
import { faultValue, faultWords } from './fault';
import { Config, HeaderNames, Source, Subject } from './layout';
import { checkObject, checkReadableHeader, checkText, checkToken } from './members';
import { checkInterned, internLiteral, internName } from './names';
import { Kind, Node, nodeAt } from './node';

const KEYS = 'header cookie query ip';

export function compileSource(node: Node, config: Config, source: Source): bool {
  if (!checkObject(node, KEYS)) return false;
  if (node.count != 1) {
    if (node.count == 0) return faultValue(node, 'one of header, cookie, query and ip');
    return faultWords(node, 'a second of header, cookie, query and ip', 'one of them');
  }
  const child = nodeAt(node.first);
  const names = changetype<HeaderNames>(config.names);
  if (equalsAscii(child.keyPtr, child.keySize, 'ip')) {
    source.subject = Subject.Address;
    return child.kind == Kind.True ? internClient(config) : faultValue(child, 'true');
  }
  if (equalsAscii(child.keyPtr, child.keySize, 'header')) {
    if (!checkReadableHeader(child)) return false;
    source.subject = Subject.Header;
    source.index = internName(names, child.ptr, child.size);
    return checkInterned(source.index);
  }
  if (equalsAscii(child.keyPtr, child.keySize, 'cookie')) {
    if (!checkToken(child, 'the name of a cookie')) return false;
    source.subject = Subject.Cookie;
    source.index = internLiteral(names, 'cookie');
  } else {
    if (!checkText(child, 1, 'the name of a field of the query')) return false;
    source.subject = Subject.Query;
    source.index = internLiteral(names, ':path');
  }
  source.nameSize = child.size;
  source.namePtr = areaCopy(child.ptr, child.size);
  return source.namePtr != 0 && checkInterned(source.index);
}
