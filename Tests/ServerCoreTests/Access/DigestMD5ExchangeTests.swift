import Jute
import Testing

@testable import ServerCore

/// Logins by SASL DIGEST-MD5, token by token.
struct DigestMD5ExchangeTests {
    private let nonce = Array("OA6MG9tEQGm2hh".utf8)
    private let logins = ["chris": "secret"]

    private func challenged() throws -> DigestMD5Exchange {
        var exchange = DigestMD5Exchange(
            realm: "elwood.innosoft.com", uri: "imap/elwood.innosoft.com")
        let first = try exchange.received([], logins: logins) { nonce }
        #expect(first.user == nil)
        #expect(
            String(decoding: first.token, as: UTF8.self)
                == "realm=\"elwood.innosoft.com\",nonce=\"OA6MG9tEQGm2hh\",charset=utf-8,"
                + "algorithm=md5-sess")
        return exchange
    }

    /// The example of RFC 2831, chapter 4.
    private let answer =
        "charset=utf-8,username=\"chris\",realm=\"elwood.innosoft.com\","
        + "nonce=\"OA6MG9tEQGm2hh\",nc=00000001,cnonce=\"OA6MHXh6VqTrRk\","
        + "digest-uri=\"imap/elwood.innosoft.com\","
        + "response=d388dad90d4bbd760a152321f2143af7,qop=auth"

    @Test func `the example of RFC 2831 is answered as it says`() throws {
        var exchange = try challenged()
        let success = try exchange.received(Array(answer.utf8), logins: logins) { [] }
        #expect(success.user == "chris")
        #expect(success.token == Array("rspauth=ea40f60335c427b5527b84dbabcdfffd".utf8))
        #expect(throws: DigestMD5Exchange.Failure.self) {
            try exchange.received([], logins: logins) { [] }
        }
    }

    @Test(arguments: [
        ("d388dad9", "d388dad8"), ("chris", "eve"), ("OA6MG9tEQGm2hh", "another"),
        ("nc=00000001", "nc=00000002"), ("qop=auth", "qop=auth-int"), ("utf-8", "utf-16"),
        ("imap/", "http/"), (",qop=auth", ",qop"), ("username", "name"),
        ("qop=auth", "username=\"chris\""), ("\"chris\"", "\"chris"),
        ("realm=\"elwood.innosoft.com\",", ""),
    ])
    func `whatever else is said proves nothing`(_ part: String, _ instead: String) throws {
        var exchange = try challenged()
        let changed = answer.replacing(part, with: instead)
        #expect(changed != answer)
        #expect(throws: DigestMD5Exchange.Failure.self) {
            try exchange.received(Array(changed.utf8), logins: logins) { [] }
        }
        #expect(throws: DigestMD5Exchange.Failure.self) {
            try exchange.received(Array(answer.utf8), logins: logins) { [] }
        }
    }

    @Test func `blanks around commas are nothing`() throws {
        var exchange = try challenged()
        let spaced = answer.replacing(",", with: " ,\t") + " , "
        #expect(try exchange.received(Array(spaced.utf8), logins: logins) { [] }.user == "chris")
    }

    @Test func `a token beyond all reason is refused`() throws {
        var exchange = DigestMD5Exchange()
        #expect(throws: DigestMD5Exchange.Failure.self) {
            try exchange.received(Array(repeating: 0, count: 5000), logins: logins) { [] }
        }
    }

    @Test func `nonces differ from each other and from seed to seed`() {
        var one = NonceGenerator(seed: 1)
        var other = NonceGenerator(seed: 2)
        let all = [one.next(), one.next(), other.next(), other.next()]
        #expect(Set(all).count == 4)
        #expect(all.allSatisfy { $0.count == 44 })
    }
}
