/** Which page an address names. To add a page: a file in pages/, a line here, an entry in nav.tsx. */

import { CertificatesPage } from '../pages/certificates.tsx';
import { ErrorPage } from '../pages/error.tsx';
import { ExplainPage } from '../pages/explain.tsx';
import { FindingsPage } from '../pages/findings.tsx';
import { GraphPage } from '../pages/graph.tsx';
import { MissingPage } from '../pages/missing.tsx';
import { OverviewPage } from '../pages/overview.tsx';
import { PoliciesPage } from '../pages/policies.tsx';
import { ProxiesPage } from '../pages/proxies.tsx';
import { ProxyPage } from '../pages/proxy.tsx';
import { RoutePage } from '../pages/route.tsx';
import { RoutesPage } from '../pages/routes.tsx';
import { ServicePage } from '../pages/service.tsx';
import { ServicesPage } from '../pages/services.tsx';
import { TapPage } from '../pages/tap.tsx';
import { WorkloadPage } from '../pages/workload.tsx';
import { WorkloadsPage } from '../pages/workloads.tsx';
import type { Place } from '../state/location.ts';

export function Routed({ place }: { readonly place: Place }) {
  const [page = 'overview', a, b, c] = place.path;
  switch (page) {
    case 'overview':
      return <OverviewPage />;
    case 'graph':
      return <GraphPage />;
    case 'workloads':
      return a !== undefined && b !== undefined && c !== undefined ? (
        <WorkloadPage namespace={a} kind={b} name={c} />
      ) : (
        <WorkloadsPage />
      );
    case 'services':
      return a !== undefined && b !== undefined ? <ServicePage namespace={a} name={b} /> : <ServicesPage />;
    case 'routes':
      return a !== undefined && b !== undefined && c !== undefined ? (
        <RoutePage namespace={a} kind={b} name={c} />
      ) : (
        <RoutesPage />
      );
    case 'policies':
      return <PoliciesPage />;
    case 'proxies':
      return a !== undefined && b !== undefined ? <ProxyPage namespace={a} pod={b} /> : <ProxiesPage />;
    case 'certificates':
      return <CertificatesPage />;
    case 'tap':
      return <TapPage />;
    case 'findings':
      return <FindingsPage />;
    case 'explain':
      return <ExplainPage kind={a} namespace={b} name={c} />;
    case 'errors':
      return <ErrorPage code={a ?? ''} />;
    default:
      return <MissingPage />;
  }
}
