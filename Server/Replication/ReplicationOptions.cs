using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace BeerTap.Server.Replication;

/// <summary>Who orders what this hub takes in (<c>Log</c>): the hub itself, or a log that several hubs share.</summary>
internal sealed class ReplicationOptions
{
    public const string Section = "Log";

    /// <summary><c>local</c>: this hub alone. <c>RabbitMq</c>: one of many hubs on a stream of RabbitMQ.</summary>
    [Required, RegularExpression("(?i)local|rabbitmq", ErrorMessage = "Log:Provider must be local or RabbitMq.")]
    public string Provider { get; set; } = "local";

    /// <summary>The brokers, as <c>amqp://user:password@host:5672/vhost</c> or <c>amqps://…</c>, several separated by commas; any one that answers is used.</summary>
    public string ConnectionString { get; set; } = "";

    /// <summary>The user at the brokers, where the connection string names none.</summary>
    public string UserName { get; set; } = "";

    /// <summary>A file with the user's password, such as a Docker secret; it is read at each connection, so that it may change.</summary>
    public string PasswordFile { get; set; } = "";

    /// <summary>A file with the certificates (PEM) that the brokers' are checked against with <c>amqps</c>; none: the system's.</summary>
    public string CaFile { get; set; } = "";

    /// <summary>The stream that is the log: hubs of one stream are one cluster.</summary>
    [Required, RegularExpression("[A-Za-z0-9._-]{1,100}", ErrorMessage = "Log:Stream must be 1 to 100 letters, digits, dots, hyphens or underscores.")]
    public string Stream { get; set; } = "beertap";

    /// <summary>What this hub is called in the brokers' lists and the other hubs' words; none: the machine's name.</summary>
    public string Hub { get; set; } = "";

    /// <summary>How long a pour waits for the log; then its caller is told 503, and that to send it again with the same <c>pourId</c> is safe.</summary>
    [Range(typeof(TimeSpan), "00:00:00.5", "00:01:00")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the stream keeps its entries, as RabbitMQ writes it (<c>7D</c>, <c>12h</c>), given when the stream is made; none: for ever.</summary>
    [RegularExpression("([1-9][0-9]*[YMDhms])?", ErrorMessage = "Log:MaxAge must be a number and one of Y, M, D, h, m, s, such as 30D.")]
    public string MaxAge { get; set; } = "";

    public bool IsShared => Provider.Equals("rabbitmq", StringComparison.OrdinalIgnoreCase);

    /// <summary>What is wrong beyond single settings.</summary>
    public IEnumerable<string> Faults()
    {
        if (!IsShared) yield break;
        if (ConnectionString.Length == 0) yield return "Log:ConnectionString is missing: with Log:Provider=RabbitMq it names the brokers, such as amqp://user:password@host:5672.";
        foreach (var part in Addresses())
        {
            if (!Uri.TryCreate(part, UriKind.Absolute, out var address) || address.Scheme is not ("amqp" or "amqps") || address.Host.Length == 0)
                yield return "Log:ConnectionString must hold addresses such as amqp://user:password@host:5672, several separated by commas; one of them is none.";
        }

        if (PasswordFile.Length > 0 && !File.Exists(PasswordFile)) yield return $"Log:PasswordFile '{PasswordFile}' is not there.";
        if (CaFile.Length > 0 && !File.Exists(CaFile)) yield return $"Log:CaFile '{CaFile}' is not there.";
        else if (CaFile.Length > 0 && FaultOfCertificates(CaFile) is { } fault) yield return $"Log:CaFile '{CaFile}' holds no certificates that can be read: {fault}";
    }

    private static string? FaultOfCertificates(string file)
    {
        try
        {
            var found = new X509Certificate2Collection();
            found.ImportFromPemFile(file);
            return found.Count > 0 ? null : "none is in it.";
        }
        catch (Exception ex) when (ex is CryptographicException or IOException or UnauthorizedAccessException)
        {
            return ex.Message;
        }
    }

    /// <summary>The single addresses of the connection string.</summary>
    public string[] Addresses() => ConnectionString.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
