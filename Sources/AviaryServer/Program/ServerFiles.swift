import Configuration
import Jute
import Records
import ServerCore
import Storage

/// Reads what a server starts from: zoo.cfg, the dynamic file, `myid`.
struct ServerFiles {
    /// Absolute.
    let path: String
    let text: [UInt8]
    var configuration: ServerConfiguration
    var membership: Membership
    /// A newer one that was proposed before the server ended.
    var proposedMembership: Membership?
    var server = ServerID(0)
    /// Passwords by user of those who can log in by SASL; nil if nobody can.
    var logins: [String: String]?
    /// How servers log in with each other; nil if they do not.
    var peerLogins: PeerLogins?
    var warnings: [ConfigurationProblem] = []

    /// Reads everything, or says everything that is wrong.
    static func read(
        _ path: String, in fileSystem: any FileSystem,
        environment: ServerEnvironment = ServerEnvironment()
    ) -> Result<ServerFiles, ConfigurationProblems> {
        let absolute = AbsolutePath.of(path)
        let content: [UInt8]?
        do throws(StorageError) {
            content = try AtomicFile.read(absolute, in: fileSystem)
        } catch {
            return .failure(ConfigurationProblems(path, String(describing: error)))
        }
        guard let content else {
            return .failure(
                ConfigurationProblems(
                    path,
                    "there is no such file; give the path of a zoo.cfg, or run "
                        + "'aviary generate SPEC --out DIR' to make one"))
        }
        let parsed = ServerConfiguration.parse(
            String(decoding: content, as: UTF8.self), file: path, environment: environment)
        var files = ServerFiles(
            path: absolute, text: content, configuration: parsed.configuration,
            membership: parsed.configuration.membership)
        var problems = parsed.problems
        problems += files.readMembers(in: fileSystem)
        problems += files.readLogins(in: fileSystem)
        problems += files.readPeerLogins(in: fileSystem)
        let errors = problems.filter { $0.severity == .error }
        guard errors.isEmpty else { return .failure(ConfigurationProblems(all: problems)) }
        problems += files.readServer(in: fileSystem)
        if problems.contains(where: { $0.severity == .error }) {
            return .failure(ConfigurationProblems(all: problems))
        }
        files.warnings = problems
        return .success(files)
    }

    static func content(
        of path: String, in fileSystem: any FileSystem
    ) throws(ConfigurationProblem) -> String? {
        do throws(StorageError) {
            return try AtomicFile.read(path, in: fileSystem).map {
                String(decoding: $0, as: UTF8.self)
            }
        } catch {
            throw ConfigurationProblem(.error, error.message, file: error.path, line: nil)
        }
    }

    private mutating func readMembers(in fileSystem: any FileSystem) -> [ConfigurationProblem] {
        if let dynamic = configuration.dynamicConfigFile {
            let place = AbsolutePath.of(dynamic)
            do throws(ConfigurationProblem) {
                guard let content = try ServerFiles.content(of: place, in: fileSystem) else {
                    return [
                        ConfigurationProblem(
                            .error, "dynamicConfigFile \(dynamic) does not exist", file: path,
                            line: nil)
                    ]
                }
                membership = try DynamicFile.parse(content, file: dynamic)
            } catch {
                return [error]
            }
            configuration.membership = membership
            if !configuration.severalAddressesEnabled,
                let member = membership.members.first(where: { !$0.further.isEmpty })
            {
                let message = "server.\(member.id) \(Member.needsKey)"
                return [ConfigurationProblem(.error, message, file: dynamic, line: nil)]
            }
        }
        var problems = configuration.checkMembers(file: path)
        if configuration.reconfigEnabled, !configuration.isStandalone {
            problems += adoptNewerMembers(in: fileSystem)
        }
        return problems
    }

    /// What earlier runs left: the members in the data directory where zoo.cfg's folder could not
    /// be written, and those that were proposed last.
    private mutating func adoptNewerMembers(
        in fileSystem: any FileSystem
    ) -> [ConfigurationProblem] {
        let kept = MembershipFiles.Places(path, configuration)
        var problems: [ConfigurationProblem] = []
        do throws(StorageError) {
            if let newest = try kept.newestInData(in: fileSystem),
                newest.members.version > membership.version
            {
                membership = newest.members
                configuration.membership = newest.members
                problems.append(newerMembers(newest.path))
            }
            proposedMembership = try kept.proposed(in: fileSystem)
            return problems
        } catch {
            return [
                ConfigurationProblem(
                    .warning, error.message, file: error.path, line: nil)
            ]
        }
    }

    /// Somebody may have put an old zoo.cfg back by hand; what was committed later counts.
    private func newerMembers(_ newer: String) -> ConfigurationProblem {
        let older = configuration.dynamicConfigFile ?? path
        return ConfigurationProblem(
            .warning,
            "the members in \(newer) are of a later configuration than those in \(older), and "
                + "count: the servers have agreed on them", file: path, line: nil)
    }

    /// Which of the members this server is; standalone servers need not say.
    private mutating func readServer(in fileSystem: any FileSystem) -> [ConfigurationProblem] {
        if configuration.isStandalone {
            if let member = membership.members.first { adoptClientAddress(of: member) }
            return []
        }
        let file = configuration.dataDirectory + "/myid"
        func problem(_ message: String) -> [ConfigurationProblem] {
            [ConfigurationProblem(.error, message, file: file, line: nil)]
        }
        do throws(ConfigurationProblem) {
            guard let content = try ServerFiles.content(of: file, in: fileSystem) else {
                return problem(
                    "the myid file is missing: write this server's number into it, as in "
                        + "'echo 1 > \(file)'")
            }
            server = try MyID.parse(content, file: file)
        } catch {
            return [error]
        }
        guard let member = membership.member(server) else {
            return problem(
                "My id \(server) not in the peer list: there is no server.\(server) in \(path)")
        }
        adoptClientAddress(of: member)
        return checkRole(member)
    }

    private mutating func adoptClientAddress(of member: Member) {
        guard let client = member.client, configuration.clientPort == nil else { return }
        configuration.clientPort = client.port
        let host = client.host.description
        configuration.clientPortAddress = host == "0.0.0.0" ? nil : host
    }

    private func checkRole(_ member: Member) -> [ConfigurationProblem] {
        let isObserver = member.role == .observer
        guard let declared = configuration.isObserver, declared != isObserver else { return [] }
        return [
            ConfigurationProblem(
                .warning,
                "peerType disagrees with server.\(member.id), which makes it "
                    + (isObserver ? "an observer" : "a participant"), file: path, line: nil)
        ]
    }
}

/// Everything that is wrong with a server's files.
struct ConfigurationProblems: Error {
    let all: [ConfigurationProblem]

    init(all: [ConfigurationProblem]) { self.all = all }

    init(_ file: String, _ message: String) {
        self.all = [ConfigurationProblem(.error, message, file: file, line: nil)]
    }
}
