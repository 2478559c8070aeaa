// The operator's session with the ensemble: it reads the committed configuration and changes it.

internal import AviaryClient
internal import Configuration
internal import Jute
internal import Records

/// A session that has the right to change the members.
final class EnsembleSession {
    private let addresses: ConnectString
    private let credential: OperatorCredential?
    private var client: ZooKeeperClient?
    private static let timeout: Int32 = 6000

    init(_ addresses: ConnectString, _ credential: OperatorCredential?) {
        self.addresses = addresses
        self.credential = credential
    }

    /// The client, a new one where the session of the last one is over.
    private func connected() async throws(ZooKeeperError) -> ZooKeeperClient {
        if let client, [.connected, .connecting].contains(client.current.state) { return client }
        let client = ZooKeeperClient(addresses, timeout: EnsembleSession.timeout)
        self.client = client
        if let credential {
            try await client.addAuth(
                scheme: "digest", auth: Array(credential.authentication.utf8))
        }
        return client
    }

    /// The committed configuration, as new as any acknowledged write; nil if nobody can say it.
    func committed() async -> Membership? {
        do {
            let client = try await connected()
            try await client.waitUntilConnected(patience: .seconds(1))
            try await client.sync("/zookeeper/config")
            let data = try await client.getData("/zookeeper/config").data ?? []
            return try Membership(text: data)
        } catch {
            return nil
        }
    }

    /// Changes the members, if the version is still that of the committed configuration.
    func reconfigure(_ step: ChangeStep, version: Int64) async throws(ZooKeeperError) {
        var joining: String?
        var leaving: String?
        var all: String?
        switch step {
        case .add(let member), .change(let member):
            joining = "server.\(member.id)=\(member.description)"
        case .remove(let id): leaving = "\(id)"
        case .replaceAll(let members): all = members.lines.joined(separator: "\n")
        case .awaitQuorum, .start, .startJoiner, .awaitSync, .confirm, .stop, .retire, .restart,
            .handOver:
            return
        }
        _ = try await connected().reconfigure(
            joining: joining.map { ByteString($0) }, leaving: leaving.map { ByteString($0) },
            members: all.map { ByteString($0) }, version: version)
    }

    /// Asks the leader to let another server lead, with the members as they are or with others;
    /// false if it does not understand.
    func handOver(
        to id: ServerID, members: Membership? = nil, version: Int64
    ) async throws(ZooKeeperError) -> Bool {
        let lines = (members?.lines ?? []) + ["leader=\(id)"]
        do throws(ZooKeeperError) {
            _ = try await connected().reconfigure(
                joining: nil, leaving: nil, members: ByteString(lines.joined(separator: "\n")),
                version: version)
            return true
        } catch {
            guard error.code == .badArguments else { throw error }
            return false
        }
    }

    /// An ordinary write that everybody who counts acknowledges.
    func confirm() async throws(ZooKeeperError) {
        let client = try await connected()
        do throws(ZooKeeperError) {
            let made = try await client.create(
                "/aviary-confirm-", data: [], mode: .ephemeralSequential)
            try await client.delete(made.path)
        } catch {
            // Who may not write at the root has his refusal logged like a write: it is a transaction
            // that a quorum has acknowledged before it is told.
            guard error.code == .noAuth else { throw error }
        }
    }

    func close() async {
        if let client { await client.close() }
        client = nil
    }
}
