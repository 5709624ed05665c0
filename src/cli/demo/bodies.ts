/**
 * What the demo's orchestrator sends: ESC's REST requests for tenants, networks, subnets and deployments, with bodies in
 * XML as ESC's own samples have them (reference/esc.md 1.4, 1.7). Ids are made here and need no escaping.
 */

export type Kind = 'tenant' | 'network' | 'subnet' | 'deployment';
export const kinds: readonly Kind[] = ['tenant', 'network', 'subnet', 'deployment'];

/** One create. `after` names the resources that must be in ESC before it: its ancestors. */
export interface Order {
  readonly kind: Kind;
  readonly id: string;
  readonly path: string;
  readonly body: string;
  readonly after: readonly string[];
}

/** The event that ends each create (reference/esc.md 2.3); of this list the gateway knows nothing. */
export const terminalEvents: Readonly<Record<Kind, string>> = {
  tenant: 'CREATE_TENANT',
  network: 'CREATE_NETWORK',
  subnet: 'CREATE_SUBNET',
  deployment: 'SERVICE_ALIVE',
};

const base = '/ESCManager/v0';
const namespace = 'xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"';

export const tenantOrder = (tenant: string): Order => ({
  kind: 'tenant',
  id: tenant,
  path: `${base}/tenants/${tenant}`,
  body: `<tenant ${namespace}><name>${tenant}</name></tenant>`,
  after: [],
});

export const networkOrder = (tenant: string, network: string): Order => ({
  kind: 'network',
  id: network,
  path: `${base}/${tenant}/networks/${network}`,
  body: `<network ${namespace}><name>${network}</name><admin_state>true</admin_state><shared>false</shared></network>`,
  after: [tenant],
});

/** ESC wants a subnet in a request of its own, after its network's. */
export const subnetOrder = (tenant: string, network: string, subnet: string): Order => ({
  kind: 'subnet',
  id: subnet,
  path: `${base}/${tenant}/networks/${network}/subnets/${subnet}`,
  body: `<subnet ${namespace}><name>${subnet}</name><ipversion>ipv4</ipversion><dhcp>true</dhcp><address>192.0.2.0</address><netmask>255.255.255.0</netmask><gateway>192.0.2.1</gateway></subnet>`,
  after: [tenant, network],
});

export const deploymentOrder = (tenant: string, network: string, deployment: string): Order => ({
  kind: 'deployment',
  id: deployment,
  path: `${base}/${tenant}/deployments/${deployment}`,
  body: `<deployment ${namespace}>
  <name>${deployment}</name>
  <vm_group>
    <name>router</name>
    <image>csr1000v</image>
    <flavor>m1.medium</flavor>
    <bootup_time>120</bootup_time>
    <recovery_wait_time>30</recovery_wait_time>
    <interfaces>
      <interface><nicid>0</nicid><network>${network}</network></interface>
    </interfaces>
    <kpi_data>
      <kpi>
        <event_name>VM_ALIVE</event_name>
        <metric_value>1</metric_value>
        <metric_cond>GT</metric_cond>
        <metric_type>UINT32</metric_type>
        <metric_collector><type>ICMPPing</type><nicid>0</nicid><poll_frequency>3</poll_frequency><polling_unit>seconds</polling_unit></metric_collector>
      </kpi>
    </kpi_data>
    <scaling><min_active>1</min_active><max_active>1</max_active><elastic>false</elastic></scaling>
  </vm_group>
</deployment>`,
  after: [tenant],
});
