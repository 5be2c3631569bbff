"""The software bill of materials of the image, in SPDX 2.3. The same input gives the same bytes."""

import hashlib
import json
import time
from pathlib import Path

from debian_packages import DebianPackage

NAME = "balance-service"
NOT_SAID = "NOASSERTION"


def _id(kind: str, name: str) -> str:
    return f"SPDXRef-{kind}-{name.replace('+', 'plus')}"


def _package_of(item: DebianPackage) -> dict:
    return {
        "SPDXID": _id("Package", item.name),
        "name": item.name,
        "versionInfo": item.version,
        "supplier": "Organization: Debian",
        "downloadLocation": NOT_SAID,
        "filesAnalyzed": False,
        "sourceInfo": f"built by Debian from {item.source} {item.source_version}",
        "licenseConcluded": NOT_SAID,
        "licenseDeclared": NOT_SAID,
        "copyrightText": NOT_SAID,
        "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                          "referenceLocator": item.purl}],
    }


def _file_of(name: str, content: bytes) -> dict:
    return {
        "SPDXID": _id("File", Path(name).name),
        "fileName": f".{name}",
        "checksums": [
            {"algorithm": "SHA1", "checksumValue": hashlib.sha1(content).hexdigest()},
            {"algorithm": "SHA256", "checksumValue": hashlib.sha256(content).hexdigest()}],
        "licenseConcluded": NOT_SAID,
        "licenseInfoInFiles": [NOT_SAID],
        "copyrightText": NOT_SAID,
    }


def _own_package(version: str, files: list[dict]) -> dict:
    # The code that the specification defines over the files.
    sums = sorted(file["checksums"][0]["checksumValue"] for file in files)
    return {
        "SPDXID": _id("Package", NAME),
        "name": NAME,
        "versionInfo": version,
        "downloadLocation": NOT_SAID,
        "filesAnalyzed": True,
        "packageVerificationCode": {
            "packageVerificationCodeValue": hashlib.sha1("".join(sums).encode()).hexdigest()},
        "licenseConcluded": NOT_SAID,
        "licenseDeclared": NOT_SAID,
        "licenseInfoFromFiles": [NOT_SAID],
        "copyrightText": NOT_SAID,
        "primaryPackagePurpose": "CONTAINER",
    }


def _relationship(one: str, kind: str, other: str, **more: str) -> dict:
    return {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other, **more}


def document(version: str, programs: dict[str, bytes], shipped: list[DebianPackage],
             compiled_in: list[DebianPackage], epoch: int) -> str:
    """The SBOM of an image with these programs, whose content is given by their path, and files of
    the packages `shipped`. Headers and archives of `compiled_in` went into the programs."""
    files = [_file_of(name, content) for name, content in sorted(programs.items())]
    own = _own_package(version, files)
    relationships = [_relationship("SPDXRef-DOCUMENT", "DESCRIBES", own["SPDXID"])]
    relationships += [_relationship(own["SPDXID"], "CONTAINS", file["SPDXID"]) for file in files]
    relationships += [_relationship(own["SPDXID"], "CONTAINS", _id("Package", item.name))
                      for item in shipped]
    relationships += [
        _relationship(_id("Package", item.name), "BUILD_DEPENDENCY_OF", own["SPDXID"],
                      comment="Its headers or archives are compiled into the programs.")
        for item in compiled_in]
    body = {
        "packages": [own] + [_package_of(item) for item in sorted({*shipped, *compiled_in})],
        "files": files,
        "relationships": relationships,
    }
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    head = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"{NAME}-{version}",
        # A name, not an address: nothing need be served there.
        "documentNamespace": f"https://spdx.org/spdxdocs/{NAME}-{version}-{digest}",
        "creationInfo": {"created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch)),
                         "creators": [f"Tool: {NAME}-image"]},
    }
    return json.dumps(head | body, indent=2) + "\n"
