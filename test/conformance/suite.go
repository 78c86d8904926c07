// Package conformance pins the suite of Gateway API, whose unmodified test package and echo server are built from
// this module, and holds echo-advanced, the application of its mesh tests.
package conformance

import _ "sigs.k8s.io/gateway-api/conformance"
