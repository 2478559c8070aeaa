import Configuration
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
}
