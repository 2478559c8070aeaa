import Jute
import Records

/// The server's half of a login by SASL DIGEST-MD5 (RFC 2831), in one exchange: the client asks,
/// the server gives a nonce, the client proves that it knows the password, the server does too.
///
/// No security layer follows. Whatever is wrong with what a client says is one failure: it is not
/// told which, and nothing of it is believed.
struct DigestMD5Exchange {
    /// What is proved, and what the client is to be told.
    struct Success: Equatable {
        /// Nil until the client has proved who it is.
        var user: ByteString?
        var token: [UInt8]
    }

    /// The client has proved nothing.
    struct Failure: Error, Equatable {}

    private enum State: Equatable {
        case waiting
        case challenged(nonce: [UInt8])
        /// Another exchange on the same connection is refused.
        case over
    }

    /// As in Java.
    private static let tokenSizeMax = 4096

    private let realm: String
    /// In lower case.
    private let uri: String
    private var state = State.waiting

    /// By the names of a server, which are those that every client of ZooKeeper expects.
    init(realm: String = "zk-sasl-md5", uri: String = "zookeeper/zk-sasl-md5") {
        self.realm = realm
        self.uri = uri
    }

    /// A token has come from the client.
    ///
    /// `nonce`: text that was never used before; only taken when it is needed.
    mutating func received(
        _ token: [UInt8], logins: [String: String], nonce: () -> [UInt8]
    ) throws(Failure) -> Success {
        guard token.count <= DigestMD5Exchange.tokenSizeMax else {
            state = .over
            throw Failure()
        }
        switch state {
        case .waiting:
            // Whatever a client says first, it is given a challenge.
            let nonce = nonce()
            state = .challenged(nonce: nonce)
            let head = "realm=\"\(realm)\",nonce=\""
            let tail = "\",charset=utf-8,algorithm=md5-sess"
            return Success(user: nil, token: Array(head.utf8) + nonce + Array(tail.utf8))
        case .challenged(let nonce):
            state = .over
            return try check(token, nonce: nonce, logins)
        case .over: throw Failure()
        }
    }

    private func check(
        _ token: [UInt8], nonce: [UInt8], _ logins: [String: String]
    ) throws(Failure) -> Success {
        let nonceCount = DigestMD5Proof.nonceCount
        guard let said = DigestMD5Directives(token),
            said["nonce"] == nonce, said["nc"] ?? nonceCount == nonceCount,
            said["qop"] ?? Array("auth".utf8) == Array("auth".utf8),
            let isUTF8 = said.isUTF8, let user = said.text("username", isUTF8: isUTF8),
            said.text("realm", isUTF8: isUTF8) == realm, let cnonce = said["cnonce"],
            let uri = said["digest-uri"],
            String(decoding: uri, as: UTF8.self).lowercased() == self.uri,
            let response = said["response"], let password = logins[user]
        else { throw Failure() }
        let proof = DigestMD5Proof(
            user: user, realm: realm, password: password, isUTF8: isUTF8, nonce: nonce,
            cnonce: cnonce, uri: uri, authorization: said["authzid"])
        guard DigestMD5Proof.areEqual(proof.ofClient, response) else { throw Failure() }
        return Success(user: ByteString(user), token: Array("rspauth=".utf8) + proof.ofServer)
    }
}

/// What a client says in such an exchange: `key=value` by commas, values quoted or not.
struct DigestMD5Directives {
    private var values: [String: [UInt8]] = [:]

    /// Nil if the text is none of that, or says something twice.
    init?(_ text: [UInt8]) {
        var rest = text[...]
        while !rest.isEmpty {
            rest = rest.drop { DigestMD5Directives.isBlank($0) || $0 == UInt8(ascii: ",") }
            guard !rest.isEmpty else { break }
            guard let equals = rest.firstIndex(of: UInt8(ascii: "=")) else { return nil }
            let key = String(decoding: rest[..<equals], as: UTF8.self).lowercased()
            rest = rest[(equals + 1)...]
            guard let value = DigestMD5Directives.value(&rest), values[key] == nil else {
                return nil
            }
            values[key] = value
        }
    }

    subscript(_ key: String) -> [UInt8]? { values[key] }

    /// Whether texts are UTF-8 and not ISO 8859-1; nil if the client says something else.
    var isUTF8: Bool? {
        guard let charset = values["charset"] else { return false }
        return charset == Array("utf-8".utf8) ? true : nil
    }

    /// The value of a key as text.
    func text(_ key: String, isUTF8: Bool) -> String? {
        guard let bytes = values[key] else { return nil }
        if isUTF8 { return String(validating: bytes, as: UTF8.self) }
        var text = String.UnicodeScalarView()
        text.append(contentsOf: bytes.map { Unicode.Scalar($0) })
        return String(text)
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0d || byte == 0x0a
    }

    private static func value(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        let comma = UInt8(ascii: ","), quote = UInt8(ascii: "\"")
        guard rest.first == quote else {
            let value = rest.prefix { $0 != comma && !isBlank($0) }
            rest = rest[value.endIndex...].drop(while: isBlank)
            return rest.first.map { $0 == comma } ?? true ? Array(value) : nil
        }
        rest = rest.dropFirst()
        var value: [UInt8] = []
        while let byte = rest.popFirst() {
            if byte == quote {
                rest = rest.drop(while: isBlank)
                return rest.first.map { $0 == comma } ?? true ? value : nil
            }
            if byte == UInt8(ascii: "\\") {
                guard let escaped = rest.popFirst() else { return nil }
                value.append(escaped)
            } else {
                value.append(byte)
            }
        }
        return nil
    }
}
