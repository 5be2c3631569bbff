#!/usr/bin/env bash
# kustomize 5.0.1: a common label with includeSelectors goes into the selectors of other people's pods.
#
# `labels` with `includeSelectors: true` (or `commonLabels`) puts a label on everything that a
# kustomization makes, and into selectors, so that a Deployment and a Service go on finding their pods. One
# would guess that of a NetworkPolicy it is put into spec.podSelector, which says whose policy it is, and
# no further: the selectors in `from` and `to` are about pods that the kustomization does not make.
#
# It goes into every podSelector there is: those in `from`, so that callers without the label are shut out,
# and those in `to`, so that a pod with this policy cannot reach the cluster's name service any more. A
# namespaceSelector is left alone. Nothing is said, and the result is a valid policy.
#
# Output seen:
#   podSelector: app=balance team=treasury
#   from: namespace name=trading, pods app=trading-bot team=treasury
#   to: namespace kubernetes.io/metadata.name=kube-system, pods k8s-app=kube-dns team=treasury
#
# Why it matters here: a team that labels a balance service in its overlay cuts it from its callers, from
# Prometheus and from DNS, in the cluster only, where nobody reads the built manifest. Leave
# includeSelectors out where a base has network policies: labels alone change no selector.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
GOBIN=$dir GOFLAGS=-mod=mod GOTOOLCHAIN=local go install sigs.k8s.io/kustomize/kustomize/v5@v5.0.1 \
  2>go-said || { cat go-said >&2; exit 1; }
mkdir overlay
cat >overlay/kustomization.yaml <<'YAML'
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [policy.yaml]
labels:
- pairs: {team: treasury}
  includeSelectors: true
YAML
cat >overlay/policy.yaml <<'YAML'
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: callers}
spec:
  podSelector: {matchLabels: {app: balance}}
  policyTypes: [Ingress, Egress]
  ingress:
  - from:
    - namespaceSelector: {matchLabels: {name: trading}}
      podSelector: {matchLabels: {app: trading-bot}}
  egress:
  - to:
    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
      podSelector: {matchLabels: {k8s-app: kube-dns}}
YAML

cat >probe.py <<'PY'
import sys

import yaml

spec = yaml.safe_load(sys.stdin)["spec"]


def labels(selector: dict) -> str:
    return " ".join(f"{name}={value}" for name, value in sorted(selector["matchLabels"].items()))


print(f"podSelector: {labels(spec['podSelector'])}")
for way, rules in (("from", spec["ingress"]), ("to", spec["egress"])):
    [peer] = rules[0][way]
    print(f"{way}: namespace {labels(peer['namespaceSelector'])}, pods {labels(peer['podSelector'])}")
PY
python3 -m venv python
python/bin/pip install -q --disable-pip-version-check pyyaml==6.0.3
timeout 30 ./kustomize build overlay | python/bin/python probe.py | tee seen

cat >expected <<'TEXT'
podSelector: app=balance team=treasury
from: namespace name=trading, pods app=trading-bot team=treasury
to: namespace kubernetes.io/metadata.name=kube-system, pods k8s-app=kube-dns team=treasury
TEXT
if ! diff expected seen; then
  echo "kustomize now puts a common label into other selectors." >&2
  exit 1
fi
