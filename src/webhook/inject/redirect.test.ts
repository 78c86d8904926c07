import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redirectRules } from './redirect.ts';

const none = { excludeInboundPorts: [], excludeOutboundPorts: [], excludeOutboundCidrs: [] };

test('The rules capture both directions in both families, and nobody can dial the capture ports', () => {
  assert.equal(
    redirectRules(none, 1337000042),
    `table inet weft {}
delete table inet weft
table inet weft {
  chain outbound {
    type nat hook output priority -100; policy accept;
    meta skuid 1337000042 oif lo ip daddr != 127.0.0.0/8 meta priority != 0:6 meta l4proto tcp redirect to :15006
    meta skuid 1337000042 oif lo ip6 daddr != ::1 meta priority != 0:6 meta l4proto tcp redirect to :15006
    meta skuid 1337000042 return
    ip daddr 127.0.0.0/8 return
    ip6 daddr ::1 return
    meta l4proto tcp redirect to :15001
  }
  chain inbound {
    type nat hook prerouting priority -100; policy accept;
    tcp dport { 15020, 15021 } return
    meta l4proto tcp redirect to :15006
  }
  chain guard {
    type filter hook input priority 0; policy accept;
    tcp dport { 15001, 15006 } ct status & dnat == 0 reject with tcp reset
  }
}
`,
  );
});

test('Exclusions stand before the capture, ports sorted and once, ranges by family', () => {
  const rules = redirectRules(
    {
      excludeInboundPorts: [9090, 22, 22],
      excludeOutboundPorts: [443],
      excludeOutboundCidrs: ['10.0.0.0/8', '10.1.0.0/16', 'fd00::/8'],
    },
    1337000042,
  ).split('\n');
  const capture = rules.indexOf('    meta l4proto tcp redirect to :15001');
  for (const rule of [
    'ip daddr 10.0.0.0/8 return',
    'ip daddr 10.1.0.0/16 return',
    'ip6 daddr fd00::/8 return',
    'tcp dport { 443 } return',
  ]) {
    const at = rules.indexOf(`    ${rule}`);
    assert.ok(at >= 0 && at < capture, rule);
  }
  assert.ok(rules.includes('    tcp dport { 22, 9090, 15020, 15021 } return'));
});
