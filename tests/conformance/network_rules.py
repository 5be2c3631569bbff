"""What NetworkPolicies let through, as the API's documents have it, for TCP, UDP and IPv4."""

import ipaddress
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Peer:
    """The other end: a pod (labels, and those of its namespace) or an address outside."""

    labels: dict[str, str] = field(default_factory=dict)
    namespace: str = ""
    namespace_labels: dict[str, str] = field(default_factory=dict)
    address: str | None = None


def selects(selector: dict, labels: dict[str, str]) -> bool:
    return (all(labels.get(key) == value
                for key, value in selector.get("matchLabels", {}).items())
            and all(_meets(expression, labels)
                    for expression in selector.get("matchExpressions", [])))


def allows(policies: list[dict], direction: str, pod_labels: dict[str, str], peer: Peer, port: int,
           protocol: str = "TCP") -> bool:
    """`direction`: "Ingress" or "Egress" of the pod. Policies add up; a pod that none selects for
    the direction is open."""
    isolating = [policy for policy in policies
                 if direction in policy["spec"]["policyTypes"]
                 and selects(policy["spec"]["podSelector"], pod_labels)]
    return not isolating or any(
        _allows_peer(rule, direction, peer, policy["metadata"]["namespace"])
        and _allows_port(rule, port, protocol)
        for policy in isolating for rule in policy["spec"].get(direction.lower(), []))


def _meets(expression: dict, labels: dict[str, str]) -> bool:
    value = labels.get(expression["key"])
    match expression["operator"]:
        case "In":
            return value in expression["values"]
        case "NotIn":
            return value not in expression["values"]
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    raise AssertionError(f"no operator {expression['operator']}")


def _allows_peer(rule: dict, direction: str, peer: Peer, own_namespace: str) -> bool:
    peers = rule.get("from" if direction == "Ingress" else "to")
    return not peers or any(_is_peer(allowed, peer, own_namespace) for allowed in peers)


def _is_peer(allowed: dict, peer: Peer, own_namespace: str) -> bool:
    if "ipBlock" in allowed:
        return peer.address is not None and _in_block(allowed["ipBlock"], peer.address)
    if peer.address is not None:
        return False
    if "namespaceSelector" in allowed:
        labels = peer.namespace_labels | {"kubernetes.io/metadata.name": peer.namespace}
        if not selects(allowed["namespaceSelector"], labels):
            return False
    elif peer.namespace != own_namespace:
        return False
    return selects(allowed.get("podSelector", {}), peer.labels)


def _in_block(block: dict, address: str) -> bool:
    ip = ipaddress.ip_address(address)
    return (ip in ipaddress.ip_network(block["cidr"])
            and not any(ip in ipaddress.ip_network(part) for part in block.get("except", [])))


def _allows_port(rule: dict, port: int, protocol: str) -> bool:
    ports = rule.get("ports")
    return not ports or any(allowed.get("protocol", "TCP") == protocol
                            and allowed.get("port", port) == port for allowed in ports)
