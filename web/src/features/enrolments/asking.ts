/** How the agent of a machine asks for a certificate. */
export const asking = (site: string) =>
  [
    `curl -sS ${site}/api/v1/enroll \\`,
    "  -H 'Content-Type: application/json' \\",
    '  -d \'{"machine_id":"\'"$(cat /etc/machine-id)"\'","fqdn":"\'"$(hostname -f)"\'",',
    '       "ip_address":"192.0.2.10","os_details":{}}\'',
  ].join('\n');
