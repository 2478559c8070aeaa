import Jute
import Testing

@testable import ServerCore

/// Elements of DER, put together by hand.
private func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
    let length: [UInt8] =
        content.count < 128
        ? [UInt8(content.count)] : [0x82, UInt8(content.count >> 8), UInt8(content.count & 0xff)]
    return [tag] + length + content
}

private func attribute(_ type: [UInt8], _ tag: UInt8, _ text: String) -> [UInt8] {
    element(0x30, element(0x06, type) + element(tag, Array(text.utf8)))
}

private func certificate(_ sets: [[UInt8]]) -> [UInt8] {
    let name = element(0x30, sets.flatMap { element(0x31, $0) })
    let empty = element(0x30, [])
    let fields =
        element(0xa0, element(0x02, [2])) + element(0x02, [1]) + empty + empty + empty + name
    return element(0x30, element(0x30, fields + empty) + empty)
}

struct DistinguishedNameTests {
    private let country: [UInt8] = [0x55, 4, 6], organization: [UInt8] = [0x55, 4, 10]
    private let commonName: [UInt8] = [0x55, 4, 3]

    @Test func `the last part comes first, and what means something is escaped`() {
        let bytes = certificate([
            attribute(country, 0x13, "DE"), attribute(organization, 0x0c, "Birds, Inc."),
            attribute(commonName, 0x0c, " heron #1 ") + attribute(organization, 0x0c, "é"),
        ])
        #expect(
            DistinguishedName.subject(of: bytes)
                == "CN=\\ heron \\#1\\ +O=é,O=Birds\\, Inc.,C=DE")
    }

    @Test func `what has no keyword is named by number and bytes`() {
        let mail: [UInt8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1]
        #expect(
            DistinguishedName.subject(of: certificate([attribute(mail, 0x16, "a@b")]))
                == "1.2.840.113549.1.9.1=#1603614062")
    }

    @Test func `any bytes but a certificate's have no subject, and none of them hurts`() {
        let whole = certificate([attribute(commonName, 0x0c, "x")])
        for count in 0..<whole.count {
            #expect(DistinguishedName.subject(of: Array(whole[..<count])) == nil)
        }
        for place in whole.indices {
            for bits in [0x80, 0xff, 0x01] as [UInt8] {
                var changed = whole
                changed[place] ^= bits
                _ = DistinguishedName.subject(of: changed)
            }
        }
        #expect(DistinguishedName.subject(of: [0x30, 0x84, 0xff, 0xff, 0xff, 0xff]) == nil)
    }

    @Test(arguments: [
        ("CN=a", true), ("CN=a,O=b\\,c", true), ("", true), ("a", false), ("CN=a,b", false),
        ("=a", false), (",", false),
    ])
    func `an id in an ACL is a list of names and values`(_ id: String, _ isValid: Bool) {
        #expect(CertificateCredential.isValid(id: ByteString(id)) == isValid)
    }
}
