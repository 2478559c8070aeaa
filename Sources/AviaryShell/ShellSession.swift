import AviaryClient
import Jute
import Records

/// What the shell's commands ask of a session; a client over sockets is one, a tree in memory that
/// tests make is another.
protocol ShellSession: Sendable {
    var current: SessionProgress { get }
    func waitUntilConnected(
        patience: Duration, isPersistent: Bool
    ) async throws(ZooKeeperError)
    func close() async
    func addAuth(scheme: ByteString, auth: [UInt8]) async throws(ZooKeeperError)

    func exists(_ path: Path, watch: WatchOption) async throws(ZooKeeperError) -> Stat?
    func getData(
        _ path: Path, watch: WatchOption
    ) async throws(ZooKeeperError) -> GetDataResponse
    func getChildren(
        _ path: Path, watch: WatchOption
    ) async throws(ZooKeeperError) -> GetChildren2Response
    func getACL(_ path: Path) async throws(ZooKeeperError) -> GetACLResponse
    func sync(_ path: Path) async throws(ZooKeeperError)
    func getEphemerals(_ prefix: Path) async throws(ZooKeeperError) -> [Path]
    func getAllChildrenNumber(_ path: Path) async throws(ZooKeeperError) -> Int32
    func whoAmI() async throws(ZooKeeperError) -> [Identity]
    func getConfig(watch: WatchOption) async throws(ZooKeeperError) -> GetDataResponse
    func reconfigure(
        joining: ByteString?, leaving: ByteString?, members: ByteString?, version: Int64
    ) async throws(ZooKeeperError) -> GetDataResponse

    @discardableResult
    func create(
        _ path: Path, data: [UInt8]?, acl: [ACL], mode: CreateMode
    ) async throws(ZooKeeperError) -> Create2Response
    func delete(_ path: Path, version: Int32) async throws(ZooKeeperError)
    @discardableResult
    func setData(
        _ path: Path, data: [UInt8]?, version: Int32
    ) async throws(ZooKeeperError) -> Stat
    @discardableResult
    func setACL(
        _ path: Path, acl: [ACL], version: Int32
    ) async throws(ZooKeeperError) -> Stat
}

extension ZooKeeperClient: ShellSession {}
