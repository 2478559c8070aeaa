import Configuration
import NIOCore
import Storage

// Who can log in by SASL: the JAAS file that zoo.cfg names.

extension ServerFiles {
    mutating func readLogins(in fileSystem: any FileSystem) -> [ConfigurationProblem] {
        let access = configuration.access
        let section = access.loginSectionName
        func problem(
            _ message: String, _ severity: ConfigurationProblem.Severity = .error
        ) -> [ConfigurationProblem] {
            [ConfigurationProblem(severity, message, file: path, line: nil)]
        }
        guard let file = access.loginFile else {
            guard access.loginSection == nil else {
                return problem("sasl.serverconfig needs java.security.auth.login.config")
            }
            return []
        }
        do throws(ConfigurationProblem) {
            guard let text = try ServerFiles.content(of: AbsolutePath.of(file), in: fileSystem)
            else { return problem("java.security.auth.login.config: there is no file \(file)") }
            logins = try LoginFile(text, file: file).users(of: section, file: file)
        } catch {
            return [error]
        }
        // A file for the quorum alone is no reason not to serve clients.
        guard logins == nil, access.loginSection != nil else { return [] }
        return problem("there is no section \(section) in \(file): nobody can log in", .warning)
    }

    /// Who may dial this server, and with what it logs in itself.
    mutating func readPeerLogins(in fileSystem: any FileSystem) -> [ConfigurationProblem] {
        let wanted = configuration.quorumLogin
        func problem(_ message: String) -> [ConfigurationProblem] {
            [ConfigurationProblem(.error, message, file: path, line: nil)]
        }
        guard wanted.isEnabled, !configuration.isStandalone else { return [] }
        guard let file = configuration.access.loginFile else {
            return problem("quorum.auth.enableSasl needs java.security.auth.login.config")
        }
        do throws(ConfigurationProblem) {
            // A file that is missing was a problem before.
            guard let text = try ServerFiles.content(of: AbsolutePath.of(file), in: fileSystem)
            else { return [] }
            let logins = try LoginFile(text, file: file)
            guard let users = try logins.users(of: wanted.serverSection, file: file) else {
                return problem("there is no section \(wanted.serverSection) in \(file)")
            }
            if wanted.isDemanded, users.isEmpty {
                return problem(
                    "the section \(wanted.serverSection) in \(file) has no user_NAME=\"PASSWORD\", "
                        + "and quorum.auth.serverRequireSasl lets nobody in without")
            }
            let own = try logins.credentials(of: wanted.learnerSection, file: file)
            if wanted.logsIn, own == nil {
                return problem(
                    "there is no section \(wanted.learnerSection) in \(file) with username and "
                        + "password")
            }
            peerLogins = PeerLogins(
                users: users, isDemanded: wanted.isDemanded, own: wanted.logsIn ? own : nil,
                patience: .milliseconds(Int64(configuration.connectTimeout)))
        } catch {
            return [error]
        }
        return []
    }
}
