// The keys of logins between servers.

import Configuration
import Testing

private func parse(_ lines: [String]) -> (QuorumLogin, [String]) {
    let text = (["dataDir=/d"] + lines).joined(separator: "\n")
    let (configuration, problems) = ServerConfiguration.parse(text, file: "zoo.cfg")
    return (configuration.quorumLogin, problems.map(\.message))
}

@Test func `servers that log in with each other say so in three keys`() {
    let (login, problems) = parse([
        "quorum.auth.enableSasl=true", "quorum.auth.learnerRequireSasl=true",
        "quorum.auth.serverRequireSasl=true", "quorum.auth.server.saslLoginContext=S",
        "quorum.cnxn.threads.size=20",
    ])
    #expect(login.isEnabled && login.logsIn && login.isDemanded)
    #expect(login.serverSection == "S" && login.learnerSection == "QuorumLearner")
    #expect(problems.count == 1, "the threads")
}

@Test(arguments: [
    ["quorum.auth.learnerRequireSasl=true"], ["quorum.auth.serverRequireSasl=true"],
    ["quorum.auth.enableSasl=true", "quorum.auth.serverRequireSasl=true"],
    ["quorum.auth.enableSasl=yes"],
])
func `each of the three needs those before it`(_ lines: [String]) {
    #expect(parse(lines).1.count == 1)
}

@Test func `a section has a name and a password to log in elsewhere`() throws {
    let file = try LoginFile(
        """
        QuorumServer { org.apache.zookeeper.server.auth.DigestLoginModule required user_zk="s"; };
        QuorumLearner {
            org.apache.zookeeper.server.auth.DigestLoginModule required
            username="zk" password="s";
        };
        Kerberos { com.sun.security.auth.module.Krb5LoginModule required username="a" password="b"; };
        """, file: "jaas")
    let found = try #require(try file.credentials(of: "QuorumLearner", file: "jaas"))
    #expect(found == ("zk", "s"))
    #expect(try file.credentials(of: "QuorumServer", file: "jaas") == nil)
    #expect(try file.credentials(of: "Nobody", file: "jaas") == nil)
    #expect(throws: ConfigurationProblem.self) {
        try file.credentials(of: "Kerberos", file: "jaas")
    }
}
