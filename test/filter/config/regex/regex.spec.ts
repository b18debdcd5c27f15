import { automatonMatches } from '../../../../filter/assembly/bytes/automaton';
import { areaMake, areaOpen } from '../../../../filter/assembly/config/area';
import { faultReset } from '../../../../filter/assembly/config/fault';
import { Kind, NODE_SIZE, nodeAt } from '../../../../filter/assembly/config/node';
import { stepCount } from '../../../../filter/assembly/config/regex/program';
import { readRegex } from '../../../../filter/assembly/config/regex/regex';
import { buildAutomaton } from '../../../../filter/assembly/config/regex/subset';
import { ARENA_SIZE, arenaReset, arenaTake } from '../../../../filter/assembly/shim/arena';
import { lay } from '../../support';
import { fault, faultText, withWhen } from '../compile';

const area: usize = areaMake();
let automaton: usize = 0;

/** Makes `automaton` with so many bytes of the arena taken before; the fault, or ''. */
function make(pattern: string, fold: bool = false, taken: u32 = 0): string {
  const slice = lay(pattern);
  arenaReset();
  faultReset();
  areaOpen(area);
  arenaTake(taken);
  const at = arenaTake(NODE_SIZE);
  memory.fill(at, 0, NODE_SIZE);
  nodeAt(at).kind = Kind.String;
  nodeAt(at).ptr = slice.ptr;
  nodeAt(at).size = slice.size;
  automaton = readRegex(nodeAt(at), fold) ? buildAutomaton(nodeAt(at)) : 0;
  return automaton != 0 ? '' : faultText();
}

/** What a pattern is refused for, without the path. */
function refused(pattern: string): string {
  const text = make(pattern);
  return text.startsWith('$: ') ? text.substring(3) : text;
}

/** Which of the texts, divided by blanks, match; `~` stands for the empty one. */
function chosen(pattern: string, texts: string, fold: bool = false): string {
  const text = make(pattern, fold);
  if (text != '') return text;
  let found = '';
  const all = texts.split(' ');
  for (let i = 0; i < all.length; i++) {
    const slice = lay(all[i] == '~' ? '' : all[i]);
    if (!automatonMatches(automaton, slice.ptr, slice.size)) continue;
    found += found == '' ? all[i] : ' ' + all[i];
  }
  return found;
}

function matches(pattern: string, text: string): bool {
  assert(make(pattern) == '', pattern);
  const slice = lay(text);
  return automatonMatches(automaton, slice.ptr, slice.size);
}

describe('regex', () => {
  it('matches whole values', () => {
    expect(chosen('abc', 'abc ab abcd xabc ~ ABC')).toBe('abc');
    expect(chosen('a|bc', 'a bc abc ac ~')).toBe('a bc');
    expect(chosen('.*b.*', 'abc b ab bc ac ~')).toBe('abc b ab bc');
  });

  it('repeats', () => {
    expect(chosen('a*', '~ a aa b ab')).toBe('~ a aa');
    expect(chosen('a+', '~ a aa b')).toBe('a aa');
    expect(chosen('ab?', 'a ab abb')).toBe('a ab');
    expect(chosen('a{2}', 'a aa aaa')).toBe('aa');
    expect(chosen('a{2,}', 'a aa aaa aaaa')).toBe('aa aaa aaaa');
    expect(chosen('a{1,3}', '~ a aa aaa aaaa')).toBe('a aa aaa');
    expect(chosen('a{0,2}', '~ a aa aaa')).toBe('~ a aa');
    expect(chosen('a{0,}b', 'b ab aab a')).toBe('b ab aab');
    expect(chosen('xa{0}', 'x xa')).toBe('x');
    expect(chosen('x(a|bc){0,2}', 'x xa xbc xabc xaaa')).toBe('x xa xbc xabc');
    expect(chosen('a*?b+?c??d{1,2}?', 'bd aabbcdd abcc')).toBe('bd aabbcdd');
    expect(chosen('(a*)*', '~ a aa b')).toBe('~ a aa');
    expect(chosen('(|a)+b', 'b ab aab a')).toBe('b ab aab');
    expect(chosen('(){3}a', 'a')).toBe('a');
  });

  it('takes a brace that repeats nothing for itself', () => {
    expect(chosen('a{,2}', 'a a{,2} aa')).toBe('a{,2}');
    expect(chosen('a{x}', 'a{x}')).toBe('a{x}');
    expect(chosen('{1', '{1')).toBe('{1');
    expect(chosen('a{01}', 'a a{01}')).toBe('a{01}');
    expect(chosen('a{1,2', 'a{1,2')).toBe('a{1,2');
    expect(chosen('a{1,x}', 'a{1,x}')).toBe('a{1,x}');
    expect(chosen('a}]', 'a}]')).toBe('a}]');
  });

  it('groups and branches, empty ones too', () => {
    expect(chosen('(a|b)c', 'ac bc c abc')).toBe('ac bc');
    expect(chosen('(?:a|)c', 'ac c')).toBe('ac c');
    expect(chosen('(|a|)', '~ a')).toBe('~ a');
    expect(chosen('a|', '~ a')).toBe('~ a');
    expect(chosen('|', '~ a')).toBe('~');
    expect(chosen('()', '~ a')).toBe('~');
    expect(chosen('(?P<one>a)(?<two_2>b)', 'ab')).toBe('ab');
    expect(chosen('((a|b)|(c|d|(e)))+f', 'f af abcdef ef')).toBe('af abcdef ef');
  });

  it('knows the ends of the value anywhere', () => {
    expect(chosen('^a$', 'a aa')).toBe('a');
    expect(chosen('\\Aa\\z', 'a aa')).toBe('a');
    expect(chosen('^^a$$', 'a aa')).toBe('a');
    expect(chosen('a($$|b$)$', 'a ab abb')).toBe('a ab');
    expect(chosen('a^b', 'ab a b')).toBe('');
    expect(chosen('a$b', 'ab a b')).toBe('');
    expect(chosen('(^|a)b', 'b ab aab')).toBe('b ab');
    expect(chosen('a($|b)', 'a ab abb')).toBe('a ab');
    expect(chosen('(^a|b)*', 'a ab bb ba aba')).toBe('a ab bb');
    expect(chosen('(a|b$)*', 'aab b ba')).toBe('aab b');
    expect(chosen('^*$+a?', '~ a')).toBe('~');
    expect(chosen('$^|a', '~ a')).toBe('~ a');
    expect(chosen('a$^', '~ a')).toBe('');
    expect(chosen('(a$^)*', '~ a')).toBe('~');
  });

  it('knows classes', () => {
    expect(chosen('[abc]', 'a b c d')).toBe('a b c');
    expect(chosen('[^abc]', 'a b d é')).toBe('d');
    expect(chosen('[^abc]+', 'a d é')).toBe('d é');
    expect(chosen('[a-cx-z]', 'a c d x y')).toBe('a c x y');
    expect(chosen('[]a]', '] a')).toBe('] a');
    expect(chosen('[^]a]', '] a b')).toBe('b');
    expect(chosen('[a-]', 'a - b')).toBe('a -');
    expect(chosen('[-a]', 'a - b')).toBe('a -');
    expect(chosen('[+--]', '+ , - .')).toBe('+ , -');
    expect(chosen('[a^]', 'a ^')).toBe('a ^');
    expect(chosen('[.*]', 'a . *')).toBe('. *');
    expect(chosen('[\\]\\-\\\\]', '] - \\ a')).toBe('] - \\');
    expect(chosen('[\\x41-\\x{43}]', 'A B C D')).toBe('A B C');
    expect(chosen('[\\d_-z]', '7 _ - z a')).toBe('7 _ z a');
    expect(chosen('[\\d-z]', '7 - z a')).toBe('7 - z');
    expect(chosen('[^\\D]', '7 a')).toBe('7');
    expect(chosen('[[:alpha:]_]', 'a Z _ 7')).toBe('a Z _');
    expect(chosen('[[:^alpha:]]', 'a 7')).toBe('7');
    expect(chosen('[^[:^digit:]]', 'a 7')).toBe('7');
    expect(chosen('[[a]', '[ a')).toBe('[ a');
    expect(chosen('[^\\d\\D]', 'a 7 ~')).toBe('');
  });

  it('knows escapes', () => {
    expect(chosen('\\d\\D\\w\\W', '7x_- 77__')).toBe('7x_-');
    expect(chosen('\\.\\*\\_\\"\\/', '.*_"/')).toBe('.*_"/');
    expect(matches('\\t\\n\\v\\f\\r\\a', '\t\n\v\f\r\x07')).toBe(true);
    expect(matches('\\s*', '\t\n\f\r ')).toBe(true);
    expect(matches('\\s', '\v')).toBe(false);
    expect(matches('.', '\n')).toBe(false);
    expect(matches('.', '\r')).toBe(true);
    expect(matches('[^a]', '\n')).toBe(true);
    expect(chosen('\\x41\\x{0042}', 'AB')).toBe('AB');
    expect(chosen('\\xc3\\xA9', 'é')).toBe('é');
    expect(chosen('\\Qa.b|\\E+', 'a.b| a.b||| axb|')).toBe('a.b| a.b|||');
    expect(chosen('\\Q(', '(')).toBe('(');
    expect(chosen('a\\Q\\Eb', 'ab')).toBe('ab');
  });

  it('takes a character beyond ASCII for its bytes, and repeats it whole', () => {
    expect(chosen('é', 'é è')).toBe('é');
    expect(chosen('é+', 'é éé')).toBe('é éé');
    expect(chosen('é?€?x', 'x éx €x')).toBe('x éx €x');
    expect(chosen('😀?x', 'x 😀x')).toBe('x 😀x');
    expect(chosen('(?:é|€|😀)*', 'é€😀')).toBe('é€😀');
    expect(chosen('..', 'é ab €')).toBe('é ab');
    expect(chosen('\\Qé\\E{2}', 'éé é')).toBe('éé');
  });

  it('ignores the case of ASCII where it is told to', () => {
    expect(chosen('aBc', 'abc ABC aBc', true)).toBe('abc ABC aBc');
    expect(chosen('aBc', 'abc ABC aBc')).toBe('aBc');
    expect(chosen('[a-b]é', 'Aé bé AÉ', true)).toBe('Aé bé');
    expect(chosen('[^a]', 'a A b', true)).toBe('b');
    expect(chosen('[[:upper:]]', 'a A 7', true)).toBe('a A');
    expect(chosen('[[:^upper:]]', 'a A 7', true)).toBe('7');
    expect(chosen('\\x41\\Qb\\E', 'ab', true)).toBe('ab');
    expect(chosen('(?-i)a', 'a A', true)).toBe('a');
  });

  it('keeps a flag to the end of its group', () => {
    expect(chosen('a(?i)b', 'ab aB AB')).toBe('ab aB');
    expect(chosen('(?i:a)b', 'ab Ab aB')).toBe('ab Ab');
    expect(chosen('((?i)a)b', 'ab Ab aB')).toBe('ab Ab');
    expect(chosen('a(?i)b|c', 'ab aB c C A')).toBe('ab aB c C');
    expect(chosen('(?:a(?i)b|c)d', 'aBd Cd CD')).toBe('aBd Cd');
    expect(chosen('(?i)a(?-i)b', 'Ab AB')).toBe('Ab');
    expect(chosen('(?i)(?-i:a)b', 'aB AB')).toBe('aB');
    expect(matches('(?s).', '\n')).toBe(true);
    expect(matches('(?s).(?-s:.)', '\n\n')).toBe(false);
    expect(matches('(?s:.).', '\n\n')).toBe(false);
    expect(matches('(?is)a.(?-is)b', 'A\nb')).toBe(true);
    expect(matches('(?is-i)a.', 'A\n')).toBe(false);
    expect(matches('(?is-i)a.', 'a\n')).toBe(true);
  });
});

describe('regex, refused', () => {
  it('says which bracket stays open, and which closes nothing', () => {
    expect(refused('a(b')).toBe('found the open group "(b", wanted a ) that closes it');
    expect(refused('a(b(c)')).toBe('found the open group "(b(c)", wanted a ) that closes it');
    expect(refused('(?i:b')).toBe('found the open group "(?i:b", wanted a ) that closes it');
    expect(refused('a)b')).toBe('found the lone bracket ")", wanted a ( before it, or \\)');
    expect(refused('x[ab')).toBe('found the open class "[ab", wanted a ] that closes it');
    expect(refused('[]')).toBe('found the open class "[]", wanted a ] that closes it');
    expect(refused('[a-')).toBe('found the open class "[a-", wanted a ] that closes it');
  });

  it('says what cannot be repeated', () => {
    const wanted = ', wanted a part before it, or \\ for a literal';
    expect(refused('*a')).toBe('found nothing to repeat before "*"' + wanted);
    expect(refused('a|+')).toBe('found nothing to repeat before "+"' + wanted);
    expect(refused('(?)')).toBe('found the group "(?)", wanted ( (?: (?P<name> (?i or (?s');
    expect(refused('(?:?)')).toBe('found nothing to repeat before "?"' + wanted);
    expect(refused('{1}')).toBe('found nothing to repeat before "{1}"' + wanted);
    expect(refused('a(?i)*')).toBe('found nothing to repeat before "*"' + wanted);
    expect(refused('\\Q\\E*')).toBe('found nothing to repeat before "*"' + wanted);
    const once = ', wanted a group around the first';
    expect(refused('ba**')).toBe('found a repetition of a repetition "a**"' + once);
    expect(refused('a???')).toBe('found a repetition of a repetition "a???"' + once);
    expect(refused('(a){1}{2}')).toBe('found a repetition of a repetition "(a){1}{2}"' + once);
    const plain = ', wanted no + behind a quantifier';
    expect(refused('a*+')).toBe('found the possessive "a*+"' + plain);
    expect(refused('(b|c){2}+')).toBe('found the possessive "(b|c){2}+"' + plain);
    expect(refused('a++')).toBe('found the possessive "a++"' + plain);
    expect(refused('a?+')).toBe('found the possessive "a?+"' + plain);
  });

  it('names what RE2 has not, or an automaton cannot do', () => {
    const linear = ', wanted another expression: RE2 cannot match it in linear time';
    expect(refused('(?=a)')).toBe('found the look-around "(?="' + linear);
    expect(refused('(?!a)')).toBe('found the look-around "(?!"' + linear);
    expect(refused('(?<=a)')).toBe('found the look-around "(?<="' + linear);
    expect(refused('(?<!a)')).toBe('found the look-around "(?<!"' + linear);
    expect(refused('(?>a)')).toBe('found the atomic group "(?>"' + linear);
    expect(refused('(?P<a>b)(?P=a)')).toBe('found the back-reference "(?P="' + linear);
    expect(refused('(a)\\1')).toBe(
      'found the back-reference "\\\\1", wanted none: RE2 cannot match it in linear time',
    );
    const boundary = ', wanted the characters that may stand there';
    expect(refused('\\bx')).toBe('found the word boundary "\\\\b"' + boundary);
    expect(refused('\\Bx')).toBe('found the word boundary "\\\\B"' + boundary);
    const ascii = ', wanted a class of ASCII such as [a-z] or \\w';
    expect(refused('\\pL')).toBe('found the Unicode class "\\\\p"' + ascii);
    expect(refused('[\\P{Greek}]')).toBe('found the Unicode class "\\\\P"' + ascii);
    const flags = ', wanted ( (?: (?P<name> (?i or (?s';
    expect(refused('(?m)a')).toBe('found the group "(?m"' + flags);
    expect(refused('(?iU)a')).toBe('found the group "(?iU"' + flags);
    expect(refused('(?#a)')).toBe('found the group "(?#"' + flags);
    expect(refused('(?i')).toBe('found the group "(?i"' + flags);
    expect(refused('(?')).toBe('found the group "(?"' + flags);
    expect(refused('(?-)')).toBe('found the group "(?-)"' + flags);
    expect(refused('(?i-:a)')).toBe('found the group "(?i-:"' + flags);
    expect(refused('(?i--s)')).toBe('found the group "(?i--"' + flags);
  });

  it('wants names of captures, each once', () => {
    const wanted = ', wanted a name of letters, digits and _, and >';
    expect(refused('(?P<a-b>c)')).toBe('found the group "(?P<a"' + wanted);
    expect(refused('(?<>c)')).toBe('found the group "(?<"' + wanted);
    expect(refused('(?P<a')).toBe('found the group "(?P<a"' + wanted);
    expect(refused('(?P<a>b)(?<a>c)')).toBe(
      'found a second group of the name "(?<a>", wanted each name once',
    );
    expect(refused('(?P<a>b)(?<aa>c)(?<A>c)')).toBe('');
  });

  it('names escapes that are none', () => {
    expect(refused('a\\')).toBe('found a lone backslash "\\\\", wanted a character behind it');
    expect(refused('[\\')).toBe('found a lone backslash "\\\\", wanted a character behind it');
    expect(refused('\\q')).toBe('found the escape "\\\\q", wanted one that RE2 knows');
    expect(refused('\\C')).toBe('found the escape "\\\\C", wanted one that RE2 knows');
    expect(refused('\\Z')).toBe('found the escape "\\\\Z", wanted one that RE2 knows');
    expect(refused('\\0')).toBe('found the escape "\\\\0", wanted one that RE2 knows');
    expect(refused('\\E')).toBe('found the escape "\\\\E", wanted one that RE2 knows');
    expect(refused('[\\Q]')).toBe('found the escape "\\\\Q", wanted one that RE2 knows');
    expect(refused('[a-\\d]')).toBe('found the escape "\\\\d", wanted one that RE2 knows');
    expect(refused('\\é')).toBe('found the escape "\\\\\\xc3\\xa9", wanted one that RE2 knows');
    const wanted = ', wanted \\xHH or \\x{HH}, at most ff';
    expect(refused('\\x4')).toBe('found the escape "\\\\x4"' + wanted);
    expect(refused('\\xg0')).toBe('found the escape "\\\\x"' + wanted);
    expect(refused('\\x{}')).toBe('found the escape "\\\\x{"' + wanted);
    expect(refused('\\x{41')).toBe('found the escape "\\\\x{41"' + wanted);
    expect(refused('\\x{100}')).toBe('found the escape "\\\\x{100"' + wanted);
    expect(refused('\\x{ff}')).toBe('');
  });

  it('names what no class can hold', () => {
    expect(refused('[z-a]')).toBe('found the range "z-a", wanted its lower end first');
    const ascii = ', wanted (?:x|y) in place of [xy]';
    expect(refused('[aé]')).toBe('found beyond ASCII in a class "\\xc3\\xa9"' + ascii);
    expect(refused('[^é]')).toBe('found beyond ASCII in a class "\\xc3\\xa9"' + ascii);
    expect(refused('[a-é]')).toBe('found beyond ASCII in a class "\\xc3\\xa9"' + ascii);
    expect(refused('[\\x80]')).toBe('found beyond ASCII in a class "\\\\x80"' + ascii);
    expect(refused('[\\x7f]')).toBe('');
    const posix = ', wanted [:alpha:] or another class of POSIX';
    expect(refused('[[:letter:]]')).toBe('found the class "[:letter"' + posix);
    expect(refused('[[:alpha]')).toBe('found the class "[:alpha"' + posix);
    expect(refused('[[:alpha:a]')).toBe('found the class "[:alpha:"' + posix);
    expect(refused('[[:]')).toBe('found the class "[:"' + posix);
  });
});

describe('regex, bounded', () => {
  it('repeats a thousand times at most, one inside the other', () => {
    const wanted = ', wanted at most 1000, those inside it multiplied';
    expect(refused('a{1000}')).toBe('');
    expect(refused('a{1001}')).toBe('found the repetition "{1001}"' + wanted);
    expect(refused('a{0,1001}')).toBe('found the repetition "{0,1001}"' + wanted);
    expect(refused('a{1001,}')).toBe('found the repetition "{1001,}"' + wanted);
    expect(refused('a{99999999999999999999}')).toBe(
      'found the repetition "{99999999999999999999}"' + wanted,
    );
    expect(refused('a{3,2}')).toBe('found the repetition "{3,2}", wanted its lower number first');
    expect(refused('((a{10}){10}){10}')).toBe('');
    expect(refused('((a{10}b|c){10}){11}')).toBe('found the repetition "{11}"' + wanted);
    expect(refused('((){1000}){2}')).toBe('found the repetition "{2}"' + wanted);
    expect(refused('((){1000,}){2}')).toBe('found the repetition "{2}"' + wanted);
    expect(refused('(((){1000}){1}){0}|((){500}){2}|(){1000}')).toBe('');
    expect(refused('((((){1000}){1000}){1000})')).toBe('found the repetition "{1000}"' + wanted);
  });

  it('takes 1024 steps, and counts those of more', () => {
    expect(refused('a{1000}a{23}')).toBe('');
    expect(stepCount()).toBe(1024);
    const wanted = ' steps, wanted at most 1024';
    expect(refused('a{1000}a{24}')).toBe('found a regular expression of 1025' + wanted);
    expect(refused('.{1000}.{1000}')).toBe('found a regular expression of 2001' + wanted);
    expect(refused('(a|b{10}){1000}')).toBe(
      'found the repetition "{1000}", wanted at most 1000, those inside it multiplied',
    );
    expect(refused('(ab|cde)*'.repeat(400))).toBe('found a regular expression of 3601' + wanted);
    // What a repetition takes away was too much before.
    expect(refused('(.{1000}.{1000}){0}')).toBe('found a regular expression of 2001' + wanted);
  });

  it('takes 1024 states, and no more', () => {
    // A start, and one for each size of what was read.
    expect(refused('a{1000}a{23}')).toBe('');
    // A start, and one for each of the 2 ** 10 last ten letters.
    const wanted = 'found a regular expression of more than 1024 states, wanted a simpler one';
    expect(refused('(a|b)*a(a|b){9}')).toBe(wanted);
    expect(refused('(a|b)*a(a|b){8}')).toBe('');
  });

  it('takes 64 groups inside one another', () => {
    expect(chosen('('.repeat(64) + 'a' + ')'.repeat(64), 'a b')).toBe('a');
    expect(refused('('.repeat(65) + 'a' + ')'.repeat(65))).toBe(
      'found more than 64 groups inside one another "(", wanted less',
    );
    expect(refused('(a)'.repeat(100))).toBe('');
  });

  it('takes 256 different classes', () => {
    let classes = '';
    for (let i = 0; i < 16; i++) {
      for (let j = 0; j < 16; j++) {
        classes += '[' + String.fromCharCode(0x41 + i) + String.fromCharCode(0x61 + j) + ']?';
      }
    }
    expect(refused(classes)).toBe('');
    expect(refused(classes + '[Aa]')).toBe('');
    expect(refused(classes + '[Az]').startsWith('found more than 256 different classes')).toBe(
      true,
    );
  });

  it('tells all 256 bytes apart', () => {
    let bytes = '';
    for (let i = 0; i < 256; i++)
      bytes += (i > 0 ? '|\\x' : '\\x') + (i + 256).toString(16).slice(1);
    expect(chosen('(?:' + bytes + ')+', '~ a é')).toBe('a é');
  });

  it('refuses where there is no room to work in', () => {
    const wanted = '", wanted a smaller configuration: there is no room left to read this in';
    expect(make('abc', false, ARENA_SIZE - 1000)).toBe('$: found "abc' + wanted);
    expect(make('abc', false, ARENA_SIZE - 20000)).toBe('$: found "abc' + wanted);
    expect(make('abc', false, ARENA_SIZE - 40000)).toBe('');
  });

  it('refuses automatons that are too many for an area', () => {
    // Thirty-eight classes and 937 states: 74 KiB.
    const one = '{"path":{"regex":"abcdefghijklmnopqrstuvwxyz0123456789-.{900}"}}';
    expect(fault(withWhen('{"any":[' + (one + ',').repeat(8) + one + ']}'))).toBe('');
    expect(fault(withWhen('{"any":[' + (one + ',').repeat(14) + one + ']}'))).toBe(
      '$: found more than fits into 1 MiB once compiled, wanted a smaller configuration',
    );
  });
});
