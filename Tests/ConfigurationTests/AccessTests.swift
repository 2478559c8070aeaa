// What zoo.cfg and a JAAS file say about who may do what.

import Configuration
import Testing

private func parse(
    _ lines: String..., javaFlags: String = ""
) -> (AccessConfiguration, [String]) {
    let text = "dataDir=/d\n" + lines.joined(separator: "\n")
    let (configuration, problems) = ServerConfiguration.parse(
        text, file: "zoo.cfg", environment: ServerEnvironment(javaFlags: javaFlags))
    return (configuration.access, problems.map(\.message))
}

private let provider = "authProvider.1=org.apache.zookeeper.server.auth."

@Test func `schemes, super users and requirements are read`() {
    let (access, problems) = parse(
        provider + "SASLAuthenticationProvider", "superUser=root", "superUser.2=admin",
        "DigestAuthenticationProvider.digestAlg=SHA-256", "enforce.auth.enabled=true",
        "enforce.auth.schemes= digest, sasl", "skipACL=yes")
    #expect(problems == [])
    #expect(access.providers == [.sasl] && access.digestAlgorithm == .sha256)
    #expect(access.superUsers == ["root", "admin"] && access.skipsACLs)
    #expect(access.schemesRequired == ["digest", "sasl"])
    #expect(
        parse(provider + "SASLAuthenticationProvider", "sessionRequireClientSASLAuth=true").0
            .schemesRequired == ["sasl"])
    #expect(parse("enforce.auth.schemes=digest").0.schemesRequired == [])
}

@Test(arguments: [
    ["enforce.auth.enabled=true"], ["enforce.auth.enabled=true", "enforce.auth.schemes=sasl"],
    ["sessionRequireClientSASLAuth=true"], ["DigestAuthenticationProvider.digestAlg=CRC32"],
    ["authProvider.1=com.example.Mine"],
    [
        "enforce.auth.enabled=true", "enforce.auth.schemes=digest",
        "DigestAuthenticationProvider.enabled=false",
    ],
])
func `what nobody could fulfil is refused`(_ lines: [String]) {
    #expect(parse(lines.joined(separator: "\n")).1.count == 1)
}

@Test func `settings of the process count unless the file says otherwise`() {
    let flags =
        "-Xmx1g -Dzookeeper.skipACL=yes -DskipACL=no -Dzookeeper.dataDir=/other "
        + "-Djava.security.auth.login.config=/jaas -Dzookeeper.superUser=root"
    let (access, problems) = parse("superUser=admin", javaFlags: flags)
    #expect(
        problems == [
            "accepted without effect, as there is no Java machine and no script around it: "
                + "-Xmx1g, -DskipACL",
            "these count only in the file: -Dzookeeper.dataDir",
        ])
    #expect(access.skipsACLs && access.loginFile == "/jaas" && access.superUsers == ["admin"])
}

@Test func `a JAAS file is read with its comments, quotes and several sections`() throws {
    let text = """
        // people
        Server { org.apache.zookeeper.server.auth.DigestLoginModule required
            user_super="admin;secret" /* of old */ user_bob='b"ob'
            debug=true;
        };
        # clients
        Client {
            org.apache.zookeeper.server.auth.DigestLoginModule required
            username="bob" password="a\\"b";
        };
        Kerberos { com.sun.security.auth.module.Krb5LoginModule required; };
        """
    let file = try LoginFile(text, file: "jaas")
    #expect(
        try file.users(of: "Server", file: "jaas") == ["super": "admin;secret", "bob": "b\"ob"])
    #expect(try file.users(of: "None", file: "jaas") == nil)
    #expect(file.sections["Client"]?.first?.options.last?.value == "a\"b")
    #expect(throws: ConfigurationProblem.self) {
        try file.users(of: "Kerberos", file: "jaas")
    }
}

@Test(arguments: [
    "Server", "Server {", "Server { a", "Server { a required", "Server { a required b }",
    "Server { a required b= ; };", "Server { a required b=\"c }", "Server { a needed; };",
    "Server { a required; }", "/* Server", "= {",
])
func `a JAAS file that breaks off is refused with its line`(_ text: String) {
    #expect(throws: ConfigurationProblem.self) { try LoginFile(text, file: "jaas") }
}
