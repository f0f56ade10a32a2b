//! Names of AWS resources, as policies need them.

/// The ARN of a bucket of this region.
pub fn bucket(region: &str, name: &str) -> String {
    format!("arn:{}:s3:::{name}", partition(region))
}

/// The ARN of all objects of a bucket of this region.
pub fn objects(region: &str, name: &str) -> String {
    format!("{}/*", bucket(region, name))
}

/// The ARN of the queue with this URL: `https://sqs.<region>.amazonaws.com/<account>/<name>`, in China with `.cn` at the end
/// of the host. For a URL of another form, or none, a word that asks for it.
pub fn queue(url: Option<&str>) -> String {
    url.and_then(of_queue).unwrap_or_else(|| "QUEUE_ARN".to_owned())
}

fn of_queue(url: &str) -> Option<String> {
    let rest = url.strip_prefix("https://sqs.")?;
    let (host, path) = rest.split_once('/')?;
    let region = host.strip_suffix(".cn").unwrap_or(host).strip_suffix(".amazonaws.com")?;
    let (account, name) = path.split_once('/')?;
    Some(format!("arn:{}:sqs:{region}:{account}:{name}", partition(region)))
}

/// The partition of a region. Policies name each resource with its partition.
fn partition(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}

#[cfg(test)]
mod tests {
    use super::{bucket, objects, queue};

    #[test]
    fn a_queue_is_named_by_its_url() {
        let url = "https://sqs.eu-west-1.amazonaws.com/123456789012/wire";
        assert_eq!(queue(Some(url)), "arn:aws:sqs:eu-west-1:123456789012:wire");
        for (url, arn) in [
            ("https://sqs.cn-north-1.amazonaws.com.cn/1/wire", "arn:aws-cn:sqs:cn-north-1:1:wire"),
            ("https://sqs.us-gov-west-1.amazonaws.com/1/wire", "arn:aws-us-gov:sqs:us-gov-west-1:1:wire"),
        ] {
            assert_eq!(queue(Some(url)), arn);
        }
        assert_eq!(queue(Some("http://sqs:9324/0/wire")), "QUEUE_ARN");
        assert_eq!(queue(None), "QUEUE_ARN");
    }

    #[test]
    fn a_bucket_is_named_with_the_partition_of_its_region() {
        assert_eq!(bucket("eu-west-1", "raw"), "arn:aws:s3:::raw");
        assert_eq!(bucket("cn-north-1", "raw"), "arn:aws-cn:s3:::raw");
        assert_eq!(objects("us-gov-east-1", "raw"), "arn:aws-us-gov:s3:::raw/*");
    }
}
