/** How the bytes of a port are read, told from what its Service says about it. */

import type { Protocol } from './model.ts';

/**
 * Standard names of Kubernetes (GEP-1911 and the Service API) and the plain ones people use. TLS of the
 * application is opaque to the mesh; a WebSocket begins as HTTP/1.1; gRPC-Web is HTTP/1.1.
 */
const names: Readonly<Record<string, Protocol>> = {
  http: 'http',
  http1: 'http',
  ws: 'http',
  'grpc-web': 'http',
  'kubernetes.io/ws': 'http',
  http2: 'http2',
  h2c: 'http2',
  'kubernetes.io/h2c': 'http2',
  grpc: 'grpc',
  tcp: 'tcp',
  tls: 'tcp',
  https: 'tcp',
  wss: 'tcp',
  'kubernetes.io/wss': 'tcp',
  amqp: 'tcp',
  ftp: 'tcp',
  imap: 'tcp',
  kafka: 'tcp',
  ldap: 'tcp',
  mongo: 'tcp',
  mongodb: 'tcp',
  mqtt: 'tcp',
  mysql: 'tcp',
  nats: 'tcp',
  pop3: 'tcp',
  postgres: 'tcp',
  postgresql: 'tcp',
  redis: 'tcp',
  smtp: 'tcp',
  ssh: 'tcp',
};

/**
 * Ports of protocols in which the server speaks first, or that are never HTTP: on those nobody is kept waiting
 * for a first byte of the client that tells HTTP from the rest.
 */
const tcpPorts: ReadonlySet<number> = new Set([
  21, // FTP
  22, // SSH
  23, // Telnet
  25, // SMTP
  110, // POP3
  143, // IMAP
  389, // LDAP
  465, // SMTP over TLS
  587, // mail submission
  636, // LDAP over TLS
  993, // IMAP over TLS
  995, // POP3 over TLS
  1433, // SQL Server
  1521, // Oracle
  1883, // MQTT
  2181, // ZooKeeper
  3306, // MySQL
  4222, // NATS
  5432, // PostgreSQL
  5672, // AMQP
  5900, // VNC
  6379, // Redis
  9042, // Cassandra
  9092, // Kafka
  11211, // memcached
  27017, // MongoDB
  33060, // MySQL X
]);

/**
 * appProtocol decides; where it is absent or unknown, the port's name (`grpc-web`, `http`, `http-admin`); then
 * the well-known port numbers; what none of them knows is detected per connection.
 */
export function protocolOf(port: {
  readonly name: string;
  readonly port: number;
  readonly appProtocol?: string;
}): Protocol {
  const declared = port.appProtocol === undefined ? undefined : declaredProtocol(port.appProtocol);
  if (declared !== undefined) return declared;
  const { name } = port;
  if (name === 'grpc-web' || name.startsWith('grpc-web-')) return 'http';
  return named(name.split('-', 1)[0] ?? '') ?? protocolOfNumber(port.port);
}

/** For a port that no Service describes. */
export function protocolOfNumber(port: number): Protocol {
  return tcpPorts.has(port) ? 'tcp' : 'detect';
}

/** What an appProtocol says, or undefined where it is none that is known. */
export function declaredProtocol(appProtocol: string): Protocol | undefined {
  return named(appProtocol.toLowerCase());
}

function named(name: string): Protocol | undefined {
  return Object.hasOwn(names, name) ? names[name] : undefined;
}
