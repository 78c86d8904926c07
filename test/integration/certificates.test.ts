/**
 * Certificates that a Gateway may name, good and odd ones, made by openssl: Weft refuses exactly those that Envoy
 * would reject, so that a bad one costs its own listener alone and a good one is never refused.
 */

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ensureBinary } from '../../dev/cluster/binaries.ts';
import { checkCertificate } from '../../src/mesh/gateways/certificates.ts';

const p256 = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
const named = ['-subj', '/CN=a.example'];
const extension = (text: string): readonly string[] => ['-addext', text];

/** By what is special about it: the key, then the subject and extensions, as openssl takes them. */
const certificates: Readonly<Record<string, readonly [readonly string[], readonly string[]]>> = {
  'RSA, 1024 bits': [['rsa:1024'], named],
  'RSA, 2048 bits': [['rsa:2048'], named],
  'RSA, not for signatures': [['rsa:2048'], [...named, ...extension('keyUsage=keyCertSign')]],
  'RSA, signed by SHA-1': [['rsa:2048'], [...named, '-sha1']],
  'RSA-PSS': [['rsa-pss', '-pkeyopt', 'rsa_keygen_bits:2048'], named],
  'P-256': [p256, named],
  'P-384': [['ec', '-pkeyopt', 'ec_paramgen_curve:P-384'], named],
  'P-521': [['ec', '-pkeyopt', 'ec_paramgen_curve:P-521'], named],
  'P-224': [['ec', '-pkeyopt', 'ec_paramgen_curve:P-224'], named],
  secp256k1: [['ec', '-pkeyopt', 'ec_paramgen_curve:secp256k1'], named],
  'P-256, described': [[...p256, '-pkeyopt', 'ec_param_enc:explicit'], named],
  Ed25519: [['ed25519'], named],
  'for signatures, critical': [
    p256,
    [...named, ...extension('keyUsage=critical,digitalSignature,keyCertSign')],
  ],
  'for agreement only': [p256, [...named, ...extension('keyUsage=keyAgreement')]],
  'for agreement only, critical': [
    p256,
    [...named, ...extension('keyUsage=critical,keyAgreement,decipherOnly')],
  ],
  'for clients': [p256, [...named, ...extension('extendedKeyUsage=clientAuth')]],
  'demands stapling': [p256, [...named, ...extension('tlsfeature=status_request')]],
  'no name at all': [p256, ['-subj', '/']],
  'only an organization': [p256, ['-subj', '/O=Example']],
  'only an email address': [p256, ['-subj', '/', ...extension('subjectAltName=email:a@b.example')]],
  'only a URI': [p256, ['-subj', '/', ...extension('subjectAltName=URI:spiffe://a/b')]],
  'only an address': [p256, ['-subj', '/', ...extension('subjectAltName=IP:10.0.0.1')]],
  'every name': [p256, ['-subj', '/O=Example', ...extension('subjectAltName=DNS:*')]],
  'a negative serial number': [p256, [...named, '-set_serial', '-5']],
};

let envoy: string;
let directory: string;

before(async () => {
  envoy = await ensureBinary('envoy', console.error);
  directory = mkdtempSync(join(tmpdir(), 'weft-test-certificates-'));
});

after(() => rmSync(directory, { recursive: true, force: true }));

function make(key: readonly string[], rest: readonly string[]) {
  const [keyFile, chainFile] = [join(directory, 'key.pem'), join(directory, 'chain.pem')];
  const files = ['-keyout', keyFile, '-out', chainFile];
  execFileSync('openssl', ['req', '-x509', '-nodes', '-days', '30', '-newkey', ...key, ...rest, ...files], {
    stdio: 'pipe',
  });
  return { chain: readFileSync(chainFile, 'utf8'), privateKey: readFileSync(keyFile, 'utf8') };
}

/** What Envoy says against it; undefined where it takes it. */
function rejection({ chain, privateKey }: { readonly chain: string; readonly privateKey: string }) {
  const tls = {
    '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
    common_tls_context: {
      tls_certificates: [
        { certificate_chain: { inline_string: chain }, private_key: { inline_string: privateKey } },
      ],
    },
  };
  const respond = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.direct_response.v3.Config',
  };
  const listener = {
    name: 'listener',
    address: { socket_address: { address: '127.0.0.1', port_value: 1 } },
    filter_chains: [
      {
        filters: [{ name: 'envoy.filters.network.direct_response', typed_config: respond }],
        transport_socket: { name: 'tls', typed_config: tls },
      },
    ],
  };
  const file = join(directory, 'config.json');
  writeFileSync(file, JSON.stringify({ static_resources: { listeners: [listener] } }));
  const { status, stderr } = spawnSync(envoy, ['--mode', 'validate', '-l', 'error', '-c', file], {
    encoding: 'utf8',
  });
  return status === 0 ? undefined : stderr;
}

for (const [name, [key, rest]] of Object.entries(certificates)) {
  test(`Weft and Envoy are of one mind about a certificate: ${name}`, () => {
    const pair = make(key, rest);
    const checked = checkCertificate(pair);
    const problem = 'problem' in checked ? checked.problem : undefined;
    const rejected = rejection('certificate' in checked ? checked.certificate : pair);
    assert.equal(
      problem !== undefined,
      rejected !== undefined,
      `Weft: ${problem ?? 'takes it'}; Envoy: ${rejected ?? 'takes it'}`,
    );
  });
}
