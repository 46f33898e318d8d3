using System.ComponentModel.DataAnnotations;

namespace BeerTap.Server.Storage;

/// <summary>Where and how pours are kept (<c>Storage</c>).</summary>
internal sealed class StorageOptions
{
    public const string Section = "Storage";

    /// <summary>The embedded store: <c>sqlite</c> or <c>litedb</c> (the latter when built with <c>-p:LiteDb=true</c>).</summary>
    [Required, RegularExpression("(?i)sqlite|litedb", ErrorMessage = "Storage:Provider must be sqlite or litedb.")]
    public string Provider { get; set; } = "sqlite";

    /// <summary>The folder of the store's files, from the folder the hub is started in; made when it is not there.</summary>
    [Required]
    public string Path { get; set; } = "data";

    /// <summary>Whether to go on with a store whose newest part is lost: for one start, after the hub refused and there is no backup.</summary>
    public bool AcceptLoss { get; set; }
}

/// <summary>How pours are taken in (<c>Intake</c>).</summary>
internal sealed class IntakeOptions
{
    public const string Section = "Intake";

    /// <summary>How many pours may wait for the store; one more is answered 503.</summary>
    [Range(1, 1_000_000)]
    public int QueueCapacity { get; set; } = 10_000;

    /// <summary>How many pours one transaction takes at most.</summary>
    [Range(1, 100_000)]
    public int MaxCommit { get; set; } = 1_000;

    /// <summary>How many pours <c>POST /api/beers/batch</c> takes at most.</summary>
    [Range(1, 10_000)]
    public int MaxBatch { get; set; } = 500;

    /// <summary>The largest request body, in bytes.</summary>
    [Range(1_024, 100 * 1024 * 1024)]
    public int MaxBodyBytes { get; set; } = 1024 * 1024;
}
