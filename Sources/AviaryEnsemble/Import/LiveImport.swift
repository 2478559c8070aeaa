// Specs from ensembles that run.

internal import AviaryClient
internal import Configuration
internal import Jute
internal import Records

extension EnsembleImport {
    /// A spec of the ensemble that serves at these places, `host:port,host:port`.
    ///
    /// `authentication` is `user:password` of who may read the configuration, where not everybody
    /// may.
    public static func live(
        _ places: String, name: String, authentication: String?
    ) async throws -> EnsembleImport {
        let addresses: ConnectString
        do throws(ZooKeeperError) { addresses = try ConnectString(places) } catch {
            throw EnsembleError(.misused, error.message)
        }
        let membership = try await membership(addresses, authentication)
        var ports: [ServerID: Int] = [:]
        if membership.members.contains(where: { $0.client == nil }) {
            ports = await clientPorts(addresses)
        }
        let servers = try servers(membership) { member throws(EnsembleError) in
            if let port = ports[member.id] { return port }
            throw EnsembleError(
                .wrong,
                "the configuration does not say at which port server \(member.id) serves clients: "
                    + "name the client ports of all servers, as in aviary import "
                    + "HOST:PORT,HOST:PORT")
        }
        let spec = EnsembleSpec(name: name, runtime: "external", config: [], servers: servers)
        return try EnsembleImport(spec: spec).checked()
    }

    private static func membership(
        _ addresses: ConnectString, _ authentication: String?
    ) async throws(EnsembleError) -> Membership {
        let text = addresses.servers.map(\.description).joined(separator: ",")
        let client = ZooKeeperClient(addresses, timeout: 6000)
        let data: [UInt8]?
        do throws(ZooKeeperError) {
            if let authentication {
                try await client.addAuth(scheme: "digest", auth: Array(authentication.utf8))
            }
            try await client.waitUntilConnected(patience: .seconds(6))
            try await client.sync("/zookeeper/config")
            data = try await client.getData("/zookeeper/config").data
            await client.close()
        } catch {
            await client.close()
            if error.code == .noAuth {
                throw EnsembleError(
                    .failed,
                    "this session may not read /zookeeper/config. Name a file with user:password "
                        + "of who may: --credential FILE")
            }
            throw EnsembleError(
                .unreachable,
                "no server serves at \(text) (\(error.message)). 'aviary cli -server \(text)' shows "
                    + "more; files can be imported too: aviary import ZOO_CFG…")
        }
        let membership = data.flatMap { try? Membership(text: $0) }
        guard let membership, !membership.members.isEmpty else {
            throw EnsembleError(
                .failed,
                "the server at \(text) stands alone, so it has no members. Import its file: "
                    + "aviary import ZOO_CFG")
        }
        return membership
    }

    /// Who serves where: the first byte of a new session's id is the number of the server that
    /// has opened it.
    private static func clientPorts(_ addresses: ConnectString) async -> [ServerID: Int] {
        var ports: [ServerID: Int] = [:]
        for address in addresses.servers {
            let client = ZooKeeperClient(ConnectString(servers: [address]), timeout: 6000)
            do {
                try await client.waitUntilConnected(patience: .seconds(3))
                // With an answer of its own the session is known.
                try await client.sync("/")
                let session = client.current.session.rawValue
                ports[ServerID((session >> 56) & 0xff)] = address.port
            } catch {
                // Its port stays unknown, and that is said.
            }
            await client.close()
        }
        return ports
    }
}
