//! Names of AWS resources, as policies need them.

/// The ARN of a bucket.
pub fn bucket(name: &str) -> String {
    format!("arn:aws:s3:::{name}")
}

/// The ARN of all objects of a bucket.
pub fn objects(name: &str) -> String {
    format!("arn:aws:s3:::{name}/*")
}

/// The ARN of the queue with this URL: `https://sqs.<region>.amazonaws.com/<account>/<name>`. For a URL of another form,
/// or none, a word that asks for it.
pub fn queue(url: Option<&str>) -> String {
    url.and_then(of_queue).unwrap_or_else(|| "QUEUE_ARN".to_owned())
}

fn of_queue(url: &str) -> Option<String> {
    let rest = url.strip_prefix("https://sqs.")?;
    let (region, rest) = rest.split_once(".amazonaws.com/")?;
    let (account, name) = rest.split_once('/')?;
    Some(format!("arn:aws:sqs:{region}:{account}:{name}"))
}

#[cfg(test)]
mod tests {
    use super::queue;

    #[test]
    fn a_queue_is_named_by_its_url() {
        let url = "https://sqs.eu-west-1.amazonaws.com/123456789012/wire";
        assert_eq!(queue(Some(url)), "arn:aws:sqs:eu-west-1:123456789012:wire");
        assert_eq!(queue(Some("http://sqs:9324/0/wire")), "QUEUE_ARN");
        assert_eq!(queue(None), "QUEUE_ARN");
    }
}
