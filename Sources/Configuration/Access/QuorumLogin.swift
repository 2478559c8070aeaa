// Logins between servers: the keys `quorum.auth.*`.

/// What zoo.cfg says about how servers prove to each other that they belong together.
///
/// Three rolls lead there without a pause: first all servers know passwords (`enableSasl`), then all
/// log in where they dial (`learnerRequireSasl`), then all demand it (`serverRequireSasl`).
public struct QuorumLogin: Equatable, Sendable {
    /// Whether there are logins at all.
    public var isEnabled = false
    /// Whether this server logs in where it dials.
    public var logsIn = false
    /// Whether who dials this server must log in.
    public var isDemanded = false
    /// The section of the login file with the name and password of this server.
    public var learnerSection = "QuorumLearner"
    /// The section of the login file with those who may dial.
    public var serverSection = "QuorumServer"

    /// Makes one with nothing set.
    public init() {}

    /// What is wrong with all of it together.
    func check() -> String? {
        if logsIn || isDemanded, !isEnabled {
            let key = logsIn ? "learnerRequireSasl" : "serverRequireSasl"
            return "quorum.auth.\(key)=true needs quorum.auth.enableSasl=true"
        }
        // Otherwise servers of one ensemble would refuse each other.
        if isDemanded, !logsIn {
            return "quorum.auth.serverRequireSasl=true needs quorum.auth.learnerRequireSasl=true"
        }
        return nil
    }
}

extension ServerConfigurationParser {
    mutating func readQuorumLogin(_ key: String, _ entry: PropertiesFile.Entry) -> Bool {
        let field: WritableKeyPath<QuorumLogin, Bool>
        switch key {
        case "quorum.auth.enableSasl": field = \.isEnabled
        case "quorum.auth.learnerRequireSasl": field = \.logsIn
        case "quorum.auth.serverRequireSasl": field = \.isDemanded
        case "quorum.auth.learner.saslLoginContext":
            configuration.quorumLogin.learnerSection = entry.value.trimmed
            return true
        case "quorum.auth.server.saslLoginContext":
            configuration.quorumLogin.serverSection = entry.value.trimmed
            return true
        default: return false
        }
        switch entry.value.trimmed.lowercased() {
        case "true": configuration.quorumLogin[keyPath: field] = true
        case "false": configuration.quorumLogin[keyPath: field] = false
        default: error("\(key)=\(entry.value.trimmed): it is either true or false", entry)
        }
        return true
    }

    /// What can be told only once all is read.
    mutating func checkQuorumLogin() {
        guard let problem = configuration.quorumLogin.check() else { return }
        error(
            problem,
            properties["quorum.auth.serverRequireSasl"]
                ?? properties["quorum.auth.learnerRequireSasl"])
    }
}
