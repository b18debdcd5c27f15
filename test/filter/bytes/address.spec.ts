import {
  ADDRESS_SIZE,
  ADDRESS_TEXT_MAX,
  formatAddress,
  isWideMapped,
  maskAddress,
  NETWORK_SIZE,
  networkContains,
  parseAddress,
  parseAddressAndPort,
  parseForwarded,
  parseNetwork,
} from '../../../filter/assembly/bytes/address';
import { lay, read, readHex } from '../support';

const out: usize = heap.alloc(NETWORK_SIZE);
const other: usize = heap.alloc(ADDRESS_SIZE);
const text: usize = heap.alloc(ADDRESS_TEXT_MAX + 1);

/** In hexadecimal, or "refused". */
function address(text: string): string {
  const slice = lay(text);
  memory.fill(out, 0xaa, ADDRESS_SIZE);
  return parseAddress(slice.ptr, slice.size, out) ? readHex(out, ADDRESS_SIZE) : 'refused';
}

function withPort(text: string): string {
  const slice = lay(text);
  return parseAddressAndPort(slice.ptr, slice.size, out) ? readHex(out, ADDRESS_SIZE) : 'refused';
}

/** An entry of x-forwarded-for. */
function forwarded(text: string): string {
  const slice = lay(text);
  return parseForwarded(slice.ptr, slice.size, out) ? readHex(out, ADDRESS_SIZE) : 'refused';
}

/** Whether a network counts its bits as IPv6 does, and its address as IPv4. */
function wideMapped(text: string): bool {
  const slice = lay(text);
  assert(parseNetwork(slice.ptr, slice.size, out), text);
  return isWideMapped(slice.ptr, slice.size, out);
}

function network(text: string): string {
  const slice = lay(text);
  if (!parseNetwork(slice.ptr, slice.size, out)) return 'refused';
  return readHex(out, ADDRESS_SIZE) + '/' + load<u32>(out, ADDRESS_SIZE).toString();
}

function holds(wanted: string, found: string): bool {
  const net = lay(wanted);
  const text = lay(found);
  assert(parseNetwork(net.ptr, net.size, out), wanted);
  assert(parseAddress(text.ptr, text.size, other), found);
  return networkContains(out, other);
}

/** The one text of an address in any spelling. */
function formatted(spelling: string): string {
  const slice = lay(spelling);
  assert(parseAddress(slice.ptr, slice.size, out), spelling);
  memory.fill(text, 0x5a, ADDRESS_TEXT_MAX + 1);
  const size = formatAddress(out, text);
  expect(load<u8>(text + size)).toBe(0x5a, spelling);
  return read(text, size);
}

function masked(spelling: string, bits4: u32, bits6: u32): string {
  const slice = lay(spelling);
  assert(parseAddress(slice.ptr, slice.size, other), spelling);
  maskAddress(other, bits4, bits6);
  return read(text, formatAddress(other, text));
}

describe('address', () => {
  it('maps IPv4 into IPv6', () => {
    expect(address('10.0.0.1')).toBe('00000000000000000000ffff0a000001');
    expect(address('255.255.255.255')).toBe('00000000000000000000ffffffffffff');
    expect(address('0.0.0.0')).toBe('00000000000000000000ffff00000000');
    expect(address('::ffff:10.0.0.1')).toBe('00000000000000000000ffff0a000001');
    expect(address('::FFFF:a00:1')).toBe('00000000000000000000ffff0a000001');
  });

  it('refuses IPv4 with wrong parts', () => {
    const wrong = [
      '',
      '.',
      '1',
      '1.2.3',
      '1.2.3.',
      '.1.2.3',
      '1.2.3.4.',
      '1.2.3.4.5',
      '1.2.3.256',
      '1.2.3.999',
      '1.2.3.1000',
      '1..2.3',
      '01.2.3.4',
      '1.2.3.00',
      '1.2.3.a',
      '1.2.3.4 ',
      ' 1.2.3.4',
      '1.2.3.-4',
      '1.2.3.4%eth0',
      '1.2.3.4/8',
    ];
    for (let i = 0; i < wrong.length; i++) expect(address(wrong[i])).toBe('refused', wrong[i]);
  });

  it('writes sixteen bytes and no more, whatever it refuses', () => {
    const wrong = [
      '1.2.3.4.5',
      '1:2:3:4:5:6:7:8:9',
      '1:2:3:4:5:6:7:8.9.9.9',
      '::1.2.3.4.5',
      '1::2::3',
    ];
    const ptr = heap.alloc(ADDRESS_SIZE + 8);
    for (let i = 0; i < wrong.length; i++) {
      const slice = lay(wrong[i]);
      store<u64>(ptr, 0x5a5a5a5a5a5a5a5a, ADDRESS_SIZE);
      expect(parseAddress(slice.ptr, slice.size, ptr)).toBe(false, wrong[i]);
      expect(load<u64>(ptr, ADDRESS_SIZE)).toBe(0x5a5a5a5a5a5a5a5a, wrong[i]);
    }
  });

  it('reads IPv6 with a gap at the start, inside, at the end and as the whole', () => {
    expect(address('::')).toBe('00000000000000000000000000000000');
    expect(address('::1')).toBe('00000000000000000000000000000001');
    expect(address('1::')).toBe('00010000000000000000000000000000');
    expect(address('2001:db8::AbCd:7')).toBe('20010db8000000000000000' + '0abcd0007');
    expect(address('1:2:3:4:5:6:7:8')).toBe('00010002000300040005000600070008');
    expect(address('1:2:3:4:5:6:7::')).toBe('00010002000300040005000600070000');
    expect(address('::2:3:4:5:6:7:8')).toBe('00000002000300040005000600070008');
    expect(address('1:2:3::5:6:7:8')).toBe('00010002000300000005000600070008');
  });

  it('reads the last two groups of IPv6 as IPv4', () => {
    expect(address('::1.2.3.4')).toBe('00000000000000000000000001020304');
    expect(address('1:2:3:4:5:6:7.8.9.10')).toBe('0001000200030004000500060708090a');
    expect(address('64:ff9b::192.0.2.33')).toBe('0064ff9b0000000000000000c0000221');
  });

  it('refuses IPv6 with wrong groups', () => {
    const wrong = [
      ':',
      ':::',
      '1:',
      ':1',
      '1:2',
      '1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7:',
      '1:2:3:4:5:6:7:8:',
      '1:2:3:4:5:6:7:8:9',
      '1:2:3:4:5:6:7:8::',
      '::1:2:3:4:5:6:7:8',
      '1:2:3:4::5:6:7:8',
      '1::2::3',
      '1:::2',
      '12345::',
      'g::',
      '::1.2.3',
      '::1.2.3.4.5',
      '::1.2.3.256',
      '1.2.3.4::',
      '::1.2.3.4:5',
      '1:2:3:4:5:6:7:1.2.3.4',
      '1:2:3:4:5:1.2.3.4',
      '::12345.1.1.1',
      '::a.2.3.4',
      '[::1]',
      '::1 ',
      '%eth0',
      ':%eth0',
    ];
    for (let i = 0; i < wrong.length; i++) expect(address(wrong[i])).toBe('refused', wrong[i]);
  });

  it('leaves out the zone of IPv6', () => {
    expect(address('fe80::1%eth0')).toBe(address('fe80::1'));
    expect(address('::%a:b%c')).toBe(address('::'));
  });

  it('reads the address before the last colon, with brackets or without', () => {
    expect(withPort('10.0.0.1:80')).toBe(address('10.0.0.1'));
    expect(withPort('9.9.9.9:0')).toBe(address('9.9.9.9'));
    expect(withPort('[::1]:50794')).toBe(address('::1'));
    expect(withPort('[fe80::1%eth0]:80')).toBe(address('fe80::1'));
    expect(withPort('[::ffff:10.0.0.1]:80')).toBe(address('10.0.0.1'));
    expect(withPort('[10.0.0.1]:80')).toBe(address('10.0.0.1'));
    expect(withPort('10.0.0.1:')).toBe(address('10.0.0.1'));
  });

  it('refuses an address without a port, and what is no address', () => {
    const wrong = [
      '',
      ':',
      ':80',
      '10.0.0.1',
      '[]:80',
      '[:80',
      ']:80',
      '[::1]',
      '[::1:80',
      '/var/run/socket',
      'example.com:80',
      '@abstract:1',
    ];
    for (let i = 0; i < wrong.length; i++) expect(withPort(wrong[i])).toBe('refused', wrong[i]);
  });

  it('clears the host bits of a network', () => {
    expect(network('10.1.2.3/8')).toBe('00000000000000000000ffff0a000000/104');
    expect(network('10.1.2.255/25')).toBe('00000000000000000000ffff0a010280/121');
    expect(network('10.1.2.255/31')).toBe('00000000000000000000ffff0a0102fe/127');
    expect(network('10.1.2.3/0')).toBe('00000000000000000000ffff00000000/96');
    expect(network('2001:db8:ffff::1/33')).toBe('20010db8800000000000000000000000/33');
    expect(network('::1/0')).toBe('00000000000000000000000000000000/0');
  });

  it('takes an address alone as a network of one', () => {
    expect(network('10.1.2.3')).toBe('00000000000000000000ffff0a010203/128');
    expect(network('10.1.2.3/32')).toBe(network('10.1.2.3'));
    expect(network('::1')).toBe('00000000000000000000000000000001/128');
    expect(network('::1/128')).toBe(network('::1'));
  });

  it('counts the bits of a mapped network in IPv6', () => {
    expect(network('::ffff:10.1.2.3/104')).toBe(network('10.0.0.0/8'));
    expect(network('::ffff:10.1.2.3/8')).toBe('00000000000000000000000000000000/8');
    expect(network('::ffff:10.1.2.3/128')).toBe(network('10.1.2.3'));
  });

  it('refuses a network with wrong bits', () => {
    const wrong = [
      '',
      '/',
      '/8',
      '10.0.0.0/',
      '10.0.0.0/33',
      '10.0.0.0/129',
      '10.0.0.0/08',
      '10.0.0.0/-1',
      '10.0.0.0/8/8',
      '10.0.0.0/ 8',
      '10.0.0.0/0x8',
      '10.0.0/8',
      '::/129',
      '::/0128',
      '::/1000',
      '::ffff:1.2.3.4/129',
    ];
    for (let i = 0; i < wrong.length; i++) expect(network(wrong[i])).toBe('refused', wrong[i]);
  });

  it('holds the addresses from its first to its last', () => {
    expect(holds('10.1.2.0/24', '10.1.2.0')).toBe(true);
    expect(holds('10.1.2.0/24', '10.1.2.255')).toBe(true);
    expect(holds('10.1.2.0/24', '10.1.1.255')).toBe(false);
    expect(holds('10.1.2.0/24', '10.1.3.0')).toBe(false);
    expect(holds('10.1.2.128/25', '10.1.2.128')).toBe(true);
    expect(holds('10.1.2.128/25', '10.1.2.127')).toBe(false);
    expect(holds('10.1.2.4/30', '10.1.2.7')).toBe(true);
    expect(holds('10.1.2.4/30', '10.1.2.8')).toBe(false);
    expect(holds('10.1.2.3', '10.1.2.3')).toBe(true);
    expect(holds('10.1.2.3', '10.1.2.2')).toBe(false);
    expect(holds('0.0.0.0/0', '255.0.0.1')).toBe(true);
    expect(holds('2001:db8::/33', '2001:db8:7fff::1')).toBe(true);
    expect(holds('2001:db8::/33', '2001:db8:8000::')).toBe(false);
    expect(holds('::1', '::1')).toBe(true);
    expect(holds('::/0', 'ffff::')).toBe(true);
  });

  it('knows an IPv4 client by either spelling, and no IPv6 client by IPv4', () => {
    expect(holds('10.0.0.0/8', '::ffff:10.2.3.4')).toBe(true);
    expect(holds('::ffff:10.0.0.0/104', '10.2.3.4')).toBe(true);
    expect(holds('0.0.0.0/0', '::1')).toBe(false);
    expect(holds('0.0.0.0/0', '::fffe:1.2.3.4')).toBe(false);
  });

  it('writes IPv4 with dots, also where it came mapped', () => {
    expect(formatted('192.0.2.1')).toBe('192.0.2.1');
    expect(formatted('0.0.0.0')).toBe('0.0.0.0');
    expect(formatted('255.255.255.255')).toBe('255.255.255.255');
    expect(formatted('9.10.99.100')).toBe('9.10.99.100');
    expect(formatted('101.110.200.209')).toBe('101.110.200.209');
    expect(formatted('::FFFF:c000:201')).toBe('192.0.2.1');
    expect(formatted('::fffe:c000:201')).toBe('::fffe:c000:201');
    expect(formatted('::1:ffff:c000:201')).toBe('::1:ffff:c000:201');
    expect(formatted('1::ffff:c000:201')).toBe('1::ffff:c000:201');
  });

  it('writes IPv6 as RFC 5952 says', () => {
    // Section 4.1 to 4.3: no leading zeros, lower case, a gap as long as it can be.
    expect(formatted('2001:0db8::0001')).toBe('2001:db8::1');
    expect(formatted('2001:db8:0:0:0:0:2:1')).toBe('2001:db8::2:1');
    expect(formatted('2001:db8::0:1')).toBe('2001:db8::1');
    expect(formatted('2001:DB8::ABCD:000E:0')).toBe('2001:db8::abcd:e:0');
    // No gap for one group alone; the longest; the first of two.
    expect(formatted('2001:db8:0:1:1:1:1:1')).toBe('2001:db8:0:1:1:1:1:1');
    expect(formatted('2001:db8::1:1:1:1:1')).toBe('2001:db8:0:1:1:1:1:1');
    expect(formatted('2001:0:0:1:0:0:0:1')).toBe('2001:0:0:1::1');
    expect(formatted('2001:0:0:0:1:0:0:1')).toBe('2001::1:0:0:1');
    expect(formatted('2001:db8:0:0:1:0:0:1')).toBe('2001:db8::1:0:0:1');
    expect(formatted('0:1:0:1:0:1:0:1')).toBe('0:1:0:1:0:1:0:1');
  });

  it('writes a gap at the start, inside, at the end and as the whole', () => {
    expect(formatted('0:0:0:0:0:0:0:0')).toBe('::');
    expect(formatted('0:0:0:0:0:0:0:1')).toBe('::1');
    expect(formatted('1:0:0:0:0:0:0:0')).toBe('1::');
    expect(formatted('0:0:1:1:1:1:1:1')).toBe('::1:1:1:1:1:1');
    expect(formatted('1:1:1:1:1:1:0:0')).toBe('1:1:1:1:1:1::');
    expect(formatted('0:1:1:1:1:1:1:0')).toBe('0:1:1:1:1:1:1:0');
    expect(formatted('1:1:1:0:0:1:1:1')).toBe('1:1:1::1:1:1');
    expect(formatted('0:0:1:1:1:1:0:0')).toBe('::1:1:1:1:0:0');
    expect(formatted('1:0:0:1:1:0:0:0')).toBe('1:0:0:1:1::');
    expect(formatted('::1.2.3.4')).toBe('::102:304');
  });

  it('writes groups of one to four digits', () => {
    expect(formatted('1:f:10:ff:100:fff:1000:ffff')).toBe('1:f:10:ff:100:fff:1000:ffff');
    const longest = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff';
    expect(formatted(longest)).toBe(longest);
    expect(<u32>longest.length).toBe(ADDRESS_TEXT_MAX);
  });

  it('clears the host bits of either kind', () => {
    expect(masked('10.1.2.3', 24, 0)).toBe('10.1.2.0');
    expect(masked('::ffff:10.1.2.3', 8, 128)).toBe('10.0.0.0');
    expect(masked('10.1.2.255', 31, 0)).toBe('10.1.2.254');
    expect(masked('10.1.2.255', 25, 0)).toBe('10.1.2.128');
    expect(masked('255.255.255.255', 1, 0)).toBe('128.0.0.0');
    expect(masked('10.1.2.3', 0, 128)).toBe('0.0.0.0');
    expect(masked('10.1.2.3', 32, 0)).toBe('10.1.2.3');
    expect(masked('2001:db8:ffff:ffff::1', 0, 48)).toBe('2001:db8:ffff::');
    expect(masked('2001:db8:ffff:ffff::1', 0, 49)).toBe('2001:db8:ffff:8000::');
    expect(masked('2001:db8::3', 0, 127)).toBe('2001:db8::2');
    expect(masked('2001:db8::1', 32, 0)).toBe('::');
    expect(masked('2001:db8::1', 0, 128)).toBe('2001:db8::1');
  });

  it('keeps all bits where more are asked for', () => {
    expect(masked('10.1.2.3', 33, 0)).toBe('10.1.2.3');
    expect(masked('10.1.2.3', u32.MAX_VALUE, 0)).toBe('10.1.2.3');
    expect(masked('2001:db8::1', 0, 129)).toBe('2001:db8::1');
    expect(masked('2001:db8::1', 0, u32.MAX_VALUE)).toBe('2001:db8::1');
  });

  it('masks sixteen bytes and no more', () => {
    const ptr = heap.alloc(ADDRESS_SIZE + 8);
    memory.fill(ptr, 0xff, ADDRESS_SIZE + 8);
    maskAddress(ptr, 0, 0);
    expect(readHex(ptr, ADDRESS_SIZE + 8)).toBe('00000000000000000000000000000000ffffffffffffffff');
  });

  it('takes an entry of x-forwarded-for with a port, brackets, or both', () => {
    const v4 = '00000000000000000000ffff01020304';
    const v6 = '20010db8000000000000000000000080';
    expect(forwarded('1.2.3.4')).toBe(v4);
    expect(forwarded('1.2.3.4:80')).toBe(v4);
    expect(forwarded('1.2.3.4:0')).toBe(v4);
    expect(forwarded('1.2.3.4:65535')).toBe(v4);
    expect(forwarded('[1.2.3.4]')).toBe(v4);
    expect(forwarded('::ffff:1.2.3.4')).toBe(v4);
    expect(forwarded('[::ffff:1.2.3.4]:80')).toBe(v4);
    expect(forwarded('2001:db8::80')).toBe(v6);
    expect(forwarded('[2001:db8::80]')).toBe(v6);
    expect(forwarded('[2001:db8::80]:80')).toBe(v6);
    expect(forwarded('[2001:DB8::80%eth0]:80')).toBe(v6);
    expect(forwarded('::')).toBe('00000000000000000000000000000000');
  });

  it('refuses an entry that is no address', () => {
    const wrong = [
      '',
      ':',
      '[',
      ']',
      '[]',
      '[]:80',
      '[:80',
      'unknown',
      '_hidden',
      '1.2.3',
      '1.2.3.4:',
      '1.2.3.4:x',
      '1.2.3.4:65536',
      '1.2.3.4:100000',
      '1.2.3.4:-1',
      '1.2.3.4 ',
      ' 1.2.3.4',
      '1.2.3.4:80:90',
      ':80',
      '[::1',
      '::1]',
      '[::1]80',
      '[::1]:',
      '[::1]:x',
      '[::1]x:80',
      '[::1]:65536',
      '[[::1]]',
      '"[::1]"',
      '1.2.3.4,5.6.7.8',
    ];
    for (let i = 0; i < wrong.length; i++) expect(forwarded(wrong[i])).toBe('refused', wrong[i]);
  });

  it('tells a mapped network whose bits were counted as of IPv4', () => {
    expect(wideMapped('::ffff:10.0.0.0/8')).toBe(true);
    expect(wideMapped('::ffff:10.0.0.0/95')).toBe(true);
    expect(wideMapped('::ffff:10.0.0.0/0')).toBe(true);
    expect(wideMapped('::ffff:a00:0/8')).toBe(true);
    expect(wideMapped('::ffff:10.0.0.0/96')).toBe(false);
    expect(wideMapped('::ffff:10.0.0.0/104')).toBe(false);
    expect(wideMapped('::ffff:10.0.0.0')).toBe(false);
    expect(wideMapped('10.0.0.0/8')).toBe(false);
    expect(wideMapped('0.0.0.0/0')).toBe(false);
    expect(wideMapped('::/0')).toBe(false);
    expect(wideMapped('::/8')).toBe(false);
    expect(wideMapped('2001:db8::/32')).toBe(false);
    // The network is left as it was.
    wideMapped('::ffff:10.0.0.0/8');
    expect(readHex(out, NETWORK_SIZE)).toBe('0000000000000000000000000000000008000000');
  });
});
