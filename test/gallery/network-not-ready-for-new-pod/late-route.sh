#!/bin/sh
# Rolls the Deployment, and does on every node what a slow network plugin does: for some seconds after the new pod is
# ready there is no way to its address.
set -eu
pods() { kubectl -n "$ROLLPROOF_NAMESPACE" get pods -l app=web "$@"; }
nodes=$(kubectl get nodes -o jsonpath='{.items[*].metadata.name}')
old=$(pods -o jsonpath='{.items[0].metadata.name}')
kubectl -n "$ROLLPROOF_NAMESPACE" rollout restart deployment web

new='' address=''
while [ -z "$address" ]; do
  new=$(pods -o name | grep -v "$old" || true)
  [ -z "$new" ] || address=$(kubectl -n "$ROLLPROOF_NAMESPACE" get "$new" -o jsonpath='{.status.podIP}')
done
for node in $nodes; do
  docker exec "$node" sh -c "ip route show $address >/run/way-to-new-pod; ip route replace blackhole $address"
done
kubectl -n "$ROLLPROOF_NAMESPACE" wait --for=condition=Ready "$new" --timeout=30s
sleep 2.5
for node in $nodes; do
  docker exec "$node" sh -c "ip route del blackhole $address; [ ! -s /run/way-to-new-pod ] || ip route add \$(cat /run/way-to-new-pod)"
done
