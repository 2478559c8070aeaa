import Jute
import Records

// Logins between servers (`quorum.auth.*`): who dials proves that it belongs to the ensemble, by SASL
// DIGEST-MD5 in packets of their own, before anything else is said.

/// By which names servers know each other.
enum PeerLoginNames {
    static let realm = "zk-quorum-sasl-md5"
    static let uri = "zookeeper-quorum/zk-quorum-sasl-md5"
}

/// What becomes of a login between servers.
public enum PeerLoginAction: Equatable, Sendable {
    /// Goes out.
    case send([UInt8])
    /// The login is over, and these bytes come first of what it was about.
    case goOn([UInt8])
    /// The connection is closed; why is for the log.
    case refuse(String)
}

/// The end that dials.
public struct DialedLogin: Sendable {
    private let user: String
    private let password: String
    private let cnonce: [UInt8]
    private var bytes: [UInt8] = []
    private var proof: DigestMD5Proof?

    /// Logs in as `user`; `cnonce`: letters and digits that nobody foresees.
    public init(user: String, password: String, cnonce: [UInt8]) {
        self.user = user
        self.password = password
        self.cnonce = cnonce
    }

    /// What it says first: nothing but that it wants to log in.
    public var opening: [UInt8] { PeerLoginPacket(.underWay).encoded }

    /// The other end has spoken.
    public mutating func received(_ more: [UInt8]) -> PeerLoginAction? {
        bytes += more
        let packet: PeerLoginPacket
        do {
            guard let complete = try PeerLoginPacket.take(from: &bytes) else { return nil }
            packet = complete
        } catch {
            return .refuse("it answered the login with something else")
        }
        switch (packet.status, proof) {
        case (.underWay, nil):
            guard let answer = answer(packet.token) else {
                return .refuse("it asked for a login that is not known here")
            }
            return .send(PeerLoginPacket(.underWay, answer).encoded)
        case (.succeeded, .some(let proof)):
            let expected = Array("rspauth=".utf8) + proof.ofServer
            guard DigestMD5Proof.areEqual(expected, packet.token) else {
                return .refuse("it does not know the password of \(user)")
            }
            return .goOn(bytes)
        case (.failed, _): return .refuse("it refused the login of \(user)")
        default: return .refuse("its login makes no sense")
        }
    }

    /// The other end has said nothing for too long.
    public func receivedNoMore() -> PeerLoginAction { .refuse("it does not answer the login") }

    private mutating func answer(_ challenge: [UInt8]) -> [UInt8]? {
        guard let said = DigestMD5Directives(challenge), let nonce = said["nonce"],
            said["algorithm"] ?? [] == Array("md5-sess".utf8), let isUTF8 = said.isUTF8,
            DialedLogin.offersPlainText(said["qop"])
        else { return nil }
        let realm = said.text("realm", isUTF8: isUTF8) ?? PeerLoginNames.realm
        let name = Array(user.utf8)
        let proof = DigestMD5Proof(
            user: user, realm: realm, password: password, isUTF8: isUTF8, nonce: nonce,
            cnonce: cnonce, uri: Array(PeerLoginNames.uri.utf8), authorization: name)
        self.proof = proof
        func quoted(_ key: String, _ value: [UInt8]) -> [UInt8] {
            let marks = [UInt8(ascii: "\""), UInt8(ascii: "\\")]
            let escaped = value.flatMap { marks.contains($0) ? [UInt8(ascii: "\\"), $0] : [$0] }
            return Array("\(key)=\"".utf8) + escaped + Array("\",".utf8)
        }
        return (isUTF8 ? Array("charset=utf-8,".utf8) : []) + quoted("username", name)
            + quoted("realm", Array(realm.utf8)) + quoted("nonce", nonce)
            + Array("nc=00000001,".utf8) + quoted("cnonce", cnonce)
            + quoted("digest-uri", Array(PeerLoginNames.uri.utf8))
            + Array("maxbuf=65536,response=".utf8) + proof.ofClient + Array(",qop=auth,".utf8)
            + quoted("authzid", name).dropLast()
    }

    /// No list of qualities is that alone.
    private static func offersPlainText(_ list: [UInt8]?) -> Bool {
        guard let list else { return true }
        return list.split { $0 == UInt8(ascii: ",") || $0 == 0x20 }
            .contains { $0.elementsEqual("auth".utf8) }
    }
}

/// The end that is dialed.
public struct AcceptedLogin: Sendable {
    private let users: [String: String]
    private let isRequired: Bool
    /// A greeting comes before the login.
    private var awaitsGreeting: Bool
    /// What came before the login, for whoever reads the connection afterwards.
    private var greeting: [UInt8] = []
    private var bytes: [UInt8] = []
    private var hasBegun = false
    private var exchange = DigestMD5Exchange(
        realm: PeerLoginNames.realm, uri: PeerLoginNames.uri)

    /// Lets in who knows a password of `users`; others too, unless that `isRequired`.
    public init(users: [String: String], isRequired: Bool, afterGreeting: Bool) {
        self.users = users
        self.isRequired = isRequired
        self.awaitsGreeting = afterGreeting
    }

    /// The other end has spoken; `nonce` gives text that nobody foresees.
    public mutating func received(
        _ more: [UInt8], nonce: () -> [UInt8]
    ) -> [PeerLoginAction] {
        bytes += more
        if awaitsGreeting {
            guard takeGreeting() else { return [] }
            awaitsGreeting = false
        }
        if !hasBegun {
            var writer = JuteWriter(capacity: 8)
            writer.writeInt64(PeerLoginPacket.magic)
            let magic = writer.copyBytes()
            guard bytes.prefix(8).elementsEqual(magic.prefix(bytes.count)) else {
                return [goOnWithout()]
            }
            guard bytes.count >= 8 else { return [] }
            hasBegun = true
        }
        return step(nonce)
    }

    /// The other end says no more, or nothing for too long.
    public mutating func receivedNoMore() -> PeerLoginAction {
        hasBegun ? .refuse("it did not end its login") : goOnWithout()
    }

    /// Whether the greeting is there, or what came cannot be one.
    private mutating func takeGreeting() -> Bool {
        do {
            var reader = JuteReader(bytes.rawSpan)
            _ = try ElectionGreeting(from: &reader)
            let size = reader.offset
            greeting = Array(bytes.prefix(size))
            bytes.removeFirst(size)
            return true
        } catch {
            return error != .truncated
        }
    }

    private func goOnWithout() -> PeerLoginAction {
        isRequired ? .refuse("it did not log in") : .goOn(greeting + bytes)
    }

    private mutating func step(_ nonce: () -> [UInt8]) -> [PeerLoginAction] {
        let failure = PeerLoginAction.send(PeerLoginPacket(.failed).encoded)
        let packet: PeerLoginPacket
        do {
            guard let complete = try PeerLoginPacket.take(from: &bytes) else { return [] }
            packet = complete
        } catch {
            return [failure, .refuse("its login cannot be read")]
        }
        guard packet.status == .underWay,
            let success = try? exchange.received(packet.token, logins: users, nonce: nonce)
        else { return [failure, .refuse("its login failed")] }
        guard let user = success.user else {
            return [.send(PeerLoginPacket(.underWay, success.token).encoded)]
        }
        // Nobody acts for somebody else.
        let authorization = DigestMD5Directives(packet.token)?["authzid"]
        guard authorization ?? user.bytes == user.bytes else {
            return [failure, .refuse("its login failed")]
        }
        return [
            .send(PeerLoginPacket(.succeeded, success.token).encoded), .goOn(greeting + bytes),
        ]
    }
}
